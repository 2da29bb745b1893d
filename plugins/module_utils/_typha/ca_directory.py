# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Typha CA in a directory of the API host: ca.pem, and previous-ca.pem during a change of the CA.

It decides nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    explained,
    make_directory,
    read_bytes,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import atomic_write
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import (
    NOTHING,
    PemPair,
)

NAMES = {"ca": "ca.pem", "previous": "previous-ca.pem"}
BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----\n?", re.S)


class CaDirectory:
    """Each file holds certificate and key, mode 0600, and is replaced in one step.

    So a killed run leaves no half pair.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> tuple[PemPair, PemPair]:
        """(the CA, the one before it), NOTHING where there is no file."""
        return _halves(read_bytes(self._file("ca"))), _halves(read_bytes(self._file("previous")))

    def write(self, ca: PemPair, previous: PemPair) -> None:
        """Keep both; the previous one first, so that a killed run has lost none."""
        for name, pems in (("previous", previous), ("ca", ca)):
            if any(pems):
                content = "".join(pem.strip() + "\n" for pem in pems).encode()
                atomic_write(self._file(name), content, 0o600, os.geteuid(), os.getegid())
        if not any(previous):
            self._remove("previous")

    def exists(self) -> bool:
        return any(os.path.lexists(self._file(name)) for name in NAMES)

    def delete(self) -> None:
        for name in NAMES:
            self._remove(name)

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Alone with the directory, which is made if it is missing; raises CalicoError while another run is."""
        make_directory(self.path, 0o700)
        with explained("%s cannot be read" % self.path):
            descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as exc:
            raise CalicoError(
                "Another run works with %s" % self.path,
                expected="one run at a time",
                remedy="run again when it is done",
            ) from exc
        finally:
            os.close(descriptor)

    def _file(self, name: str) -> str:
        return os.path.join(self.path, NAMES[name])

    def _remove(self, name: str) -> None:
        with (
            explained("%s cannot be removed" % self._file(name)),
            contextlib.suppress(FileNotFoundError),
        ):
            os.unlink(self._file(name))


def _halves(data: bytes | None) -> PemPair:
    """(certificates, key) of a file's content; content without either is garbage PEM, not absent."""
    if not data:
        return NOTHING
    text = data.decode("utf-8", "replace")
    blocks = [(match.group(1), match.group(0)) for match in BLOCK.finditer(text)]
    if not blocks:
        return text, text
    certificates = "".join(pem for kind, pem in blocks if kind == "CERTIFICATE")
    return certificates, "".join(pem for kind, pem in blocks if kind.endswith("PRIVATE KEY"))
