# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typha's PKI as PEM: to the values that are decided on, and a plan to new PEM that is written. It decides nothing.

content: {"bundle": PEM, and "ca", "previous", "server" and "client": (certificate PEM, key PEM)}; "" where absent.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Pair
from ansible_collections.hardway.calico.plugins.module_utils._typha.decide import CA_NAME, PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import TyphaPki

NOTHING = ("", "")


@dataclass(frozen=True)
class HandedIn:
    """What comes from outside where the CA is not ours. bundle: PEM of roots; issuing: a CA with its key; leaves: {party: pair}."""

    bundle: str = ""
    issuing: tuple = NOTHING
    leaves: dict | None = None


def joined(*pems):
    """One PEM of several, each on lines of its own."""
    return "".join(pem.strip() + "\n" for pem in pems if pem.strip())


def with_issuing(content, handed_in):
    """The content with an external CA in place of one of ours."""
    return (
        content if handed_in is None else {**content, "ca": handed_in.issuing, "previous": NOTHING}
    )


def state_of(content, handed_in=None):
    """The TyphaPki of a content, without its workloads."""
    bundle, problem = x509.read_bundle(content["bundle"])
    roots = handed_in.bundle if handed_in else ""
    # The wanted CAs come first: a leaf is theirs if it can be. A lost bundle is published again with CA and previous CA, hence they count.
    own = (
        ""
        if handed_in
        else joined(*x509.by_fingerprint(content["ca"][0], content["previous"][0]).values())
    )
    trusted = joined(roots, own, *x509.by_fingerprint(content["bundle"]).values())
    ca, previous = (
        x509.read_pair(*content[name], roots or content[name][0]) for name in ("ca", "previous")
    )
    copied = (
        previous.usable
        and ca.usable
        and previous.certificate.fingerprint == ca.certificate.fingerprint
    )
    leaves = {party: x509.read_pair(*content[party], trusted) for party in PARTIES}
    return TyphaPki(
        ca, Pair() if copied else previous, tuple(bundle), problem, leaves, copied=copied
    )


class Executor:
    """Carries a plan out. store has write_bundle(pem), write_ca(ca, previous) and write_leaf(party, pair)."""

    def __init__(self, store, wanted, policy, handed_in, now, backdate):
        self.store, self.wanted, self.policy, self.handed_in = store, wanted, policy, handed_in
        self.now, self.start = now, now - backdate

    def apply(self, plan, content):
        """The content after the plan. The CA's key is kept before anything refers to it, so a killed run leaves nothing orphaned."""
        content = dict(content)
        for step in plan:
            if step.action == "create":
                key = x509.make_key(self.policy.key_type, self.policy.key_size)
                content["previous"] = content["ca"] if step.detail == "keep" else NOTHING
                content["ca"] = (
                    x509.make_ca(CA_NAME, key, self.start, self.now + self.policy.lifetime),
                    key,
                )
                self.store.write_ca(content["ca"], content["previous"])
            elif step.action == "forget":
                content["previous"] = NOTHING
                self.store.write_ca(content["ca"], NOTHING)
            elif step.action in ("publish", "drop"):
                content["bundle"] = self._bundle(step, content)
                self.store.write_bundle(content["bundle"])
            else:
                party, by = step.detail
                content[party] = (
                    self.handed_in.leaves[party]
                    if by == "handed"
                    else self._issue(party, content[by])
                )
                self.store.write_leaf(party, content[party])
        return content

    def _bundle(self, step, content):
        there = x509.by_fingerprint(content["bundle"])
        if step.action == "drop":
            return joined(*(pem for ca, pem in there.items() if ca in step.detail))
        outside = self.handed_in.bundle if self.handed_in else content["ca"][0]
        known = {**x509.by_fingerprint(outside, content["previous"][0]), **there}
        new = x509.by_fingerprint(outside)
        return joined(
            *{**new, **there, **{ca: known[ca] for ca in step.detail if ca in known}}.values()
        )

    def _issue(self, party, ca):
        leaf = self.wanted[party]
        key = x509.make_key(leaf.key_type, leaf.key_size)
        certificate = x509.issue_leaf(
            leaf.common_name,
            leaf.usage,
            key,
            *ca,
            self.start,
            self.now + leaf.lifetime,
            leaf.uri_san,
        )
        if self.handed_in:
            # Peers need the way up to a root: intermediates follow the leaf, as in any server's certificate file.
            way = x509.by_fingerprint(ca[0])
            certificate = joined(
                certificate, *(pem for one, pem in way.items() if one not in self.policy.anchors)
            )
        return certificate, key
