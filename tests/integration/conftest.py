# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labs for the tests. LAB_KEEP=1 leaves them up afterwards."""

from __future__ import annotations

import os
import pathlib
import sys
import zlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / ".venv/ac")]
# For openssl_oracle, which both kinds of tests use.
sys.path.append(str(HERE.parent / "unit/support"))

from hardway_testbed.lab import Lab  # noqa: E402
from hardway_testbed.releases import RELEASES, SOAK  # noqa: E402

sys.path.append(str(HERE.parent / "lab"))
from hardway_lab.crds import crds_yaml  # noqa: E402

# In `make soak` only.
collect_ignore = [] if SOAK else ["test_former_installation.py", "test_etcd_releases.py"]


def pytest_report_header():
    """Which CRDs the labs have, since no test says so when it passes."""
    kinds = {}
    for version in RELEASES:
        kinds.setdefault(crds_yaml(version)[1], []).append(version)
    return "CRDs on the labs: " + "; ".join(
        "%s (%s)" % (kind, ", ".join(versions)) for kind, versions in kinds.items()
    )


# Those that take minutes, the longest first, so that two workers end at about the same time.
LONG = (
    "test_upgrade",
    "test_molecule",
    "test_typha_certificates",
    "test_main_job",
    "test_killed_runs",
    "test_release_chain",
    "test_cni_credential",
)


def pytest_collection_modifyitems(items):
    """Unit tests first, then the long files of this folder, then the others."""

    def place(item):
        if item.path.parent != HERE:
            return 0
        return 1 + (LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))

    items.sort(key=place)


def a_lab(name, **shape):
    lab = Lab(name, **shape).up()
    yield lab
    if not os.environ.get("LAB_KEEP"):
        lab.down()


@pytest.fixture(scope="module")
def lab(request):
    """A lab for one test module, empty at its start; the module's LAB_SHAPE holds Lab's arguments.

    It is named after the module and the checkout, so that two checkouts can be tested at once.
    """
    name = "%s-%04x" % (
        request.module.__name__.rsplit("test_", 1)[-1].replace("_", "-")[:12],
        zlib.crc32(bytes(HERE)) & 0xFFFF,
    )
    yield from a_lab(name, **getattr(request.module, "LAB_SHAPE", {}))
