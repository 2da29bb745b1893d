# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the TLS of Typha and Felix, in memory, by the rules of Calico's typha/pkg/tlsutils and syncserver.

Typha requires a client certificate, verifies its chain for clientAuth, then asks for the CN
calico-node. Felix verifies the chain for serverAuth without looking at host names, then asks for
the CN calico-typha. Both take TLS 1.2 and later.
"""

from __future__ import annotations

import pathlib
import ssl
import tempfile

NAMES = {"server": "calico-typha", "client": "calico-node"}


class Refused(Exception):
    """One side refused the other; the text says which and why."""


def handshake(server, client):
    """Connect; each side is (certificate, key, bundle) in PEM, the client's certificate and key may
    be "". Raises Refused.
    """
    wires = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = {
        "server": _context("server", server).wrap_bio(wires[0], wires[1], server_side=True),
        "client": _context("client", client).wrap_bio(wires[1], wires[0]),
    }
    for side in ("client", "server", "client", "server", "client"):
        try:
            ends[side].do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as exc:
            raise Refused("the %s: %s" % (side, exc)) from exc
    for side, peer in (("server", "client"), ("client", "server")):
        subject = ends[side].getpeercert()["subject"]
        names = [value for pairs in subject for name, value in pairs if name == "commonName"]
        if names != [NAMES[peer]]:
            raise Refused("the %s: peer certificate does not have required CN, %s" % (side, names))
    # The client of TLS 1.3 is done before the server has looked at it: only what it reads shows that it was taken.
    ends["server"].write(b"hello")
    assert ends["client"].read() == b"hello"


def _context(side, material):
    context = ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER if side == "server" else ssl.PROTOCOL_TLS_CLIENT
    )
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate, key, bundle = material
    context.load_verify_locations(cadata=bundle)
    if certificate:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "pair")
            path.touch(mode=0o600)
            path.write_text(certificate + key, encoding="utf-8")
            context.load_cert_chain(path)
    return context
