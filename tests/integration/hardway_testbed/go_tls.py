# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typha's and Felix's TLS in Go (tests/integration/go_tls), built on first use with the Go that builds the lab."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "go_tls"
FOLDER = tempfile.TemporaryDirectory(prefix="hardway-go-tls-")


@functools.cache
def program():
    sys.path.append(str(SOURCE.parents[1] / "lab"))
    from hardway_lab.binaries import _go

    path = pathlib.Path(FOLDER.name, "go_tls")
    subprocess.run(
        [_go(), "build", "-o", path, "."],
        cwd=SOURCE,
        check=True,
        timeout=600,
        env={**os.environ, "CGO_ENABLED": "0"},
    )
    return path


def refusals(pairs):
    """For each (server, client), which are (certificate, key, bundle) in PEM, who refused whom and
    why; "" for a handshake.
    """
    given = json.dumps([{"server": server, "client": client} for server, client in pairs])
    return json.loads(
        subprocess.run(
            [program()], input=given, capture_output=True, text=True, check=True, timeout=300
        ).stdout
    )
