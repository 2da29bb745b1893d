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
    with _in_memory(ca_cert) as path:
        if path:
            made.load_verify_locations(path)
            return
    # Text beside the PEM blocks may be in any encoding; OpenSSL skips it, Python wants ASCII.
    made.load_verify_locations(cadata=ca_cert.decode("ascii", "ignore"))


@contextlib.contextmanager
def _readable(pem: Pem | None) -> t.Iterator[str | None]:
    """A path of the PEM for OpenSSL, which reads client certificates and keys from paths alone."""
    if not isinstance(pem, bytes):
        yield pem
        return
    with _in_memory(pem) as path:
        if path:
            yield path
            return
    with tempfile.NamedTemporaryFile(prefix="hardway-calico-", dir=folder_in_memory()) as file:
        file.write(pem)
        file.flush()
        yield file.name


@contextlib.contextmanager
def _in_memory(pem: bytes) -> t.Iterator[str | None]:
    """The path of a file that is in memory alone; None on macOS, and in kernels and sandboxes without such or /proc."""
    try:
        number = os.memfd_create("hardway-calico")
    except (AttributeError, OSError):
        yield None
        return
    with open(number, "wb") as file:
        file.write(pem)
        file.flush()
        path = "/proc/self/fd/%d" % number
        yield path if os.path.exists(path) else None
