# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether content that was fetched may be put in its place (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.record import (
    expected_digest,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    Source,
    WantedFile,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

# e_machine and byte order (EI_DATA) of ELF headers: System V ABI, chapter 4, and its processor
# supplements.
ELF_MACHINES: dict[str, tuple[int, t.Literal["little", "big"]]] = {
    "amd64": (62, "little"),
    "arm64": (183, "little"),
    "ppc64le": (21, "little"),
    "s390x": (22, "big"),
}


class Content(t.Protocol):
    """What was fetched for one file, not in its place yet."""

    @property
    def sha256(self) -> str: ...

    def head(self) -> bytes: ...


def require_sound(
    sources: t.Iterable[Source], fetched: t.Mapping[str, Content], arch: str, machine: str
) -> None:
    """Raise if anything among {path: Content} has another digest than expected, or is for another architecture."""
    for source in sources:
        for wanted in source.files:
            if wanted.dest in fetched:
                content = fetched[wanted.dest]
                require_digest(source, wanted, content.sha256)
                require_architecture(wanted.dest, content.head(), arch, machine)


def require_architecture(path: str, head: bytes, arch: str, machine: str) -> None:
    """Raise if the first bytes are those of a program for another architecture.

    Scripts pass, and so do architectures of one's own.
    """
    if arch not in ELF_MACHINES or head[:4] != b"\x7fELF":
        return
    order: t.Literal["little", "big"] = "big" if head[5:6] == b"\x02" else "little"
    number = int.from_bytes(head[18:20], order)
    if (number, order) != ELF_MACHINES[arch]:
        names = {value: name for name, value in ELF_MACHINES.items()}
        raise CalicoError(
            "wrong architecture: the program for %s cannot run on this node" % path,
            expected="%s (this node is %s)" % (arch, machine),
            found=names.get((number, order), "ELF machine %d, %s endian" % (number, order)),
            remedy="use the release's files for %s" % arch,
        )


def require_digest(source: Source, wanted: WantedFile, digest: str) -> None:
    """Raise if a file's content is not what its own digest, or a single file's source, says."""
    expected = expected_digest(source, wanted, {})
    if expected and digest != expected:
        raise CalicoError(
            "checksum mismatch: the content for %s from %s is not the expected one"
            % (wanted.dest, source.url),
            expected="sha256 %s" % expected,
            found="sha256 %s" % digest,
            remedy="nothing was replaced; compare the digest with the publisher's",
        )
