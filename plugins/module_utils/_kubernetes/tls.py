# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: a TLS context of paths and of PEM in memory, which never becomes a file that others could open."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

# The path of a PEM file, or its content.
Pem = t.Union[str, bytes]


def context(
    verify: bool, ca_cert: Pem | None, client_cert: Pem | None, client_key: Pem | None
) -> ssl.SSLContext:
    """A context for urllib3, which would else open the paths at each connection.

    Without ca_cert it trusts the system's CAs. Raises CalicoError: a file or its content cannot be used.
    """
    from urllib3.util import create_urllib3_context

    made = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE)
    try:
        if isinstance(ca_cert, bytes):
            _trust(made, ca_cert)
        elif ca_cert:
            made.load_verify_locations(ca_cert)
        else:
            made.load_default_certs()
        if client_cert or isinstance(client_cert, bytes):
            with _readable(client_cert) as certificate, _readable(client_key) as key:
                # An encrypted key would ask at the terminal: the empty password refuses it instead.
                made.load_cert_chain(t.cast(str, certificate), key, password="")
    except (OSError, ValueError) as exc:
        raise CalicoError(
            "The certificates for the Kubernetes API cannot be used",
            expected="PEM of a CA, and of a client certificate with its unencrypted key",
            found=exc,
            remedy="correct ca_cert, client_cert and client_key, or the kubeconfig",
        ) from exc
    return made


def folder_in_memory() -> str | None:
    """A folder whose files never reach a disk, or None where the system has none that can be written to."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _trust(made: ssl.SSLContext, ca_cert: bytes) -> None:
    """As from a file: with revocation lists, and certificates that OpenSSL marked as trusted."""
    memory = _in_memory(ca_cert)
    if memory is None:
        # Text beside the PEM blocks may be in any encoding; OpenSSL skips it, Python wants ASCII.
        made.load_verify_locations(cadata=ca_cert.decode("ascii", "ignore"))
        return
    with memory[0]:
        made.load_verify_locations(memory[1])


@contextlib.contextmanager
def _readable(pem: Pem | None) -> t.Iterator[str | None]:
    """A path of the PEM for OpenSSL, which reads client certificates and keys from paths alone."""
    if not isinstance(pem, bytes):
        yield pem
        return
    file, path = _in_memory(pem) or _in_a_file(pem)
    with file:
        yield path


def _in_memory(pem: bytes) -> tuple[t.IO[bytes], str] | None:
    """A file that is in memory alone, and its path.

    None on macOS, and in kernels and sandboxes that have no such files or no /proc.
    """
    try:
        number = os.memfd_create("hardway-calico")
    except (AttributeError, OSError):
        return None
    path = "/proc/self/fd/%d" % number
    file = open(number, "wb")  # noqa: SIM115 - whoever reads it closes it
    if not os.path.exists(path):
        file.close()
        return None
    file.write(pem)
    file.flush()
    return file, path


def _in_a_file(pem: bytes) -> tuple[t.IO[bytes], str]:
    """A file that others cannot read and that is gone when it is closed, and its path."""
    folder = folder_in_memory()
    file = tempfile.NamedTemporaryFile(prefix="hardway-calico-", dir=folder)  # noqa: SIM115 - as above
    file.write(pem)
    file.flush()
    return t.cast("t.IO[bytes]", file), file.name
