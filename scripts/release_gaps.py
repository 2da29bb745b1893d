# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what the version table still lacks for a release, given the release's files; see docs/adding-a-release.md.

    python scripts/release_gaps.py v3.33.0 FOLDER

FOLDER holds manifests/crds.yaml and manifests/calico-typha.yaml of the release's archive or git tag
(or the two files themselves), and SHA256SUMS if digests of calicoctl are to be compared. Ends with 1
if something is lacking, with 2 if the files cannot be used.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import re
import sys
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
# .venv/ac leads back to the checkout as a collection.
sys.path.insert(0, str(ROOT / ".venv/ac"))

from comparison import gaps  # noqa: E402

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError  # noqa: E402
from ansible_collections.hardway.calico.plugins.module_utils._host.checksums import (  # noqa: E402
    strict_digests,
)

VERSION = re.compile(r"v?3\.(\d+)\.(\d+)\Z")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("version", help="the release, as v3.33.0")
    parser.add_argument(
        "folder", type=pathlib.Path, help="where its crds.yaml and calico-typha.yaml are"
    )
    arguments = parser.parse_args()
    match = VERSION.match(arguments.version)
    if not match:
        parser.error("expected a release such as v3.33.0, found %s" % arguments.version)
    crds = read(arguments.folder, "crds.yaml")
    manifest = read(arguments.folder, "calico-typha.yaml")
    if crds is None and manifest is None:
        parser.error("%s holds neither crds.yaml nor calico-typha.yaml" % arguments.folder)
    try:
        documents = parsed(crds, manifest)
        sums = strict_digests((read(arguments.folder, "SHA256SUMS") or b"").decode(), "SHA256SUMS")
    except CalicoError as exc:
        print(exc, file=sys.stderr)
        return 2
    digest = None if crds is None else hashlib.sha256(crds).hexdigest()
    lacking, purposely = gaps(int(match.group(1)), int(match.group(2)), documents, digest, sums)
    for sentence in purposely:
        print("on purpose: " + sentence)
    for sentence in lacking:
        print("lacking: " + sentence)
    print("%s: %d lacking, %d on purpose" % (arguments.version, len(lacking), len(purposely)))
    return 1 if lacking else 0


def read(folder: pathlib.Path, name: str) -> bytes | None:
    """The content of a file in the folder or its manifests, or None."""
    for path in (folder / name, folder / "manifests" / name):
        if path.is_file():
            return path.read_bytes()
    return None


def parsed(crds: bytes | None, manifest: bytes | None) -> list[dict[str, t.Any]]:
    """The objects of both files. The manifest repeats the CRDs: crds.yaml is the file that is applied."""
    return objects(crds, "crds.yaml") + [
        each
        for each in objects(manifest, "calico-typha.yaml")
        if each.get("kind") != "CustomResourceDefinition"
    ]


def objects(content: bytes | None, name: str) -> list[dict[str, t.Any]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [each for each in yaml.load_all(content or b"", Loader=loader) if each]
    except yaml.YAMLError as exc:
        raise CalicoError(
            "%s is not YAML" % name,
            found=" ".join(str(exc).split()),
            remedy="give the release's own file",
        ) from exc


if __name__ == "__main__":
    sys.exit(main())
