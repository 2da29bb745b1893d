# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains of outside CAs, made by openssl, good ones and such as a peer refuses.

Root, a CA below it, and the leaves of both parties.
"""

from __future__ import annotations

import openssl_oracle as oracle

CA = "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"
SIGNS = "keyUsage=critical,keyCertSign\n"

# Name: extensions of the root, those of the CA below it, the digest of leaves, and the words for what
# is wrong, None if nothing is.
CHAINS = {
    "sound": (CA + SIGNS, CA + SIGNS, "sha256", None),
    "without key usage": (CA, CA, "sha384", None),
    "path length": (
        CA.replace("TRUE", "TRUE,pathlen:0") + SIGNS,
        CA + SIGNS,
        "sha256",
        "allows 0 CAs below it, there are 1",
    ),
    "key usage": (
        CA + SIGNS,
        CA + "keyUsage=critical,digitalSignature\n",
        "sha256",
        "its key usage lacks keyCertSign",
    ),
    "extended key usage": (
        CA + SIGNS,
        CA + SIGNS + "extendedKeyUsage=serverAuth\n",
        "sha256",
        "is serverAuth, wanted clientAuth",
    ),
    "no CA": (CA + SIGNS, "basicConstraints=CA:FALSE\n", "sha256", "no CA's certificate"),
    "SHA-1": (CA + SIGNS, CA + SIGNS, "sha1", "signed with SHA-1"),
}


def chain(name):
    """(root, CA below it, {party: leaf}), each (certificate PEM, key PEM).

    The leaves' PEM goes on with the CA below the root.
    """
    root_extensions, below_extensions, digest, _words = CHAINS[name]
    root = oracle.make_ca("Company Root", extensions=root_extensions)
    below = oracle.make_leaf("Company Issuing CA", root, below_extensions)
    made = {
        "server": oracle.make_leaf("calico-typha", below, "serverAuth", digest=digest),
        "client": oracle.make_leaf("calico-node", below, "clientAuth", digest=digest),
    }
    return root, below, {party: (pair[0] + below[0], pair[1]) for party, pair in made.items()}
