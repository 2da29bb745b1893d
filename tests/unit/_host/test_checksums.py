# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of checksums: what counts as a line, for who skips other lines and for who refuses them."""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.checksums import (
    listed_digests,
    sha256_digest,
    strict_digests,
)

ONE, TWO = "1" * 64, "ab" * 32
WHERE = "https://mirror.example.com/SHA256SUMS"


@pytest.mark.parametrize("mode", ["--text", "--binary"])
def test_reads_what_sha256sum_writes(tmp_path, mode):
    (tmp_path / "calico.tgz").write_bytes(b"content")
    written = subprocess.run(
        ["sha256sum", mode, "./calico.tgz"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    expected = {"calico.tgz": hashlib.sha256(b"content").hexdigest()}
    assert listed_digests(written) == expected
    assert strict_digests(written, WHERE) == expected


def test_digests_are_compared_in_lower_case():
    assert sha256_digest("AB" * 32) == TWO
    assert (
        listed_digests("%s  a" % TWO.upper())
        == {"a": TWO}
        == strict_digests("%s  a" % TWO.upper(), WHERE)
    )


@pytest.mark.parametrize("text", ["", "1" * 63, "1" * 65, "g" * 64, "1" * 64 + "\n"])
def test_what_is_no_digest(text):
    assert sha256_digest(text) is None


@pytest.mark.parametrize("line", ["<html>", "%s" % ONE, "%s  " % ONE, "%s *" % ONE, "deadbeef  a"])
def test_other_lines_are_skipped_or_refused(line):
    text = "%s  b\n\n%s\n" % (TWO, line)
    assert listed_digests(text) == {"b": TWO}
    with pytest.raises(CalicoError, match="is not a list of SHA-256 sums") as refused:
        strict_digests(text, WHERE)
    assert refused.value.found == line
