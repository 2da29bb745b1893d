# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what Typha's PKI needs: a CA, its publication, a leaf for Typha and a leaf for calico/node."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.hardway.calico.plugins.module_utils._certificate import LeafWanted, Pair, trouble
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

CA_NAME = "Calico Typha CA"
# The parties, with the CN that the other one asks for and the usage that Go's verifier asks for.
PARTIES = {"server": ("calico-typha", "serverAuth"), "client": ("calico-node", "clientAuth")}


@dataclass(frozen=True)
class TyphaPki:
    """What is there. ca: the CA's Pair (trusted by itself); bundle: published CAs; bundle_problem: words or None; leaves: {party: Pair}."""

    ca: Pair
    bundle: tuple
    bundle_problem: str | None
    leaves: dict


def wanted_leaf(party, key_type, key_size, lifetime, renewal_window):
    common_name, usage = PARTIES[party]
    return LeafWanted(common_name, usage, key_type, key_size, lifetime, renewal_window)


def decide(wanted, current, now):
    """(Plan, warnings). wanted: {party: LeafWanted}; current: TyphaPki; now: aware datetime.

    Steps: "create" the "CA", "publish" the "CA bundle", "issue" or "renew" a party. Raises CalicoError where a leaf is
    needed but the CA's key is lost while its certificate is in use.
    """
    steps, warnings = [], []
    new_ca = _new_ca_reason(current, now)
    lost = not new_ca and not current.ca.usable
    if not new_ca and not lost:
        _require_begun(current.ca.certificate, now)
    if new_ca:
        steps.append(Step("create", "CA %s" % CA_NAME, new_ca, after={"subject": "CN=%s" % CA_NAME}))
    reasons = {party: "the CA is new" if new_ca else _leaf_reason(current.leaves[party], leaf, now, lost) for party, leaf in wanted.items()}
    if lost:
        _require_key(current, ["%s (%s)" % (party, reason) for party, reason in reasons.items() if reason])
        warnings.append("The key of the Typha CA is lost (%s); certificates stay valid but cannot be renewed" % (current.ca.problem or "no Secret"))
    publish = _publish_reason(current, new_ca)
    if publish:
        steps.append(Step("publish", "CA bundle", publish, after={"subject": "CN=%s" % CA_NAME}))
    for party, reason in reasons.items():
        if reason:
            steps.append(_leaf_step(party, current.leaves[party], wanted[party], reason))
    warnings += _ca_age(current, now, new_ca)
    return Plan(steps), warnings


def _leaf_reason(pair, wanted, now, lost):
    """Without a CA key, a leaf of another key type is no reason to fail: it works, and the guide's own is RSA."""
    if lost and pair.usable:
        wanted = replace(wanted, key_type=pair.certificate.key_type, key_size=pair.certificate.key_size)
    return trouble(pair, wanted, now)


def _require_begun(ca, now):
    if now < ca.not_before:
        raise CalicoError(
            "The Typha CA is not valid yet", expected="a CA that began before %s, the time here" % now.strftime("%Y-%m-%d %H:%M UTC"),
            found="not valid before %s" % ca.not_before.strftime("%Y-%m-%d %H:%M UTC"), remedy="correct the clock of the API host, then run again",
        )


def _new_ca_reason(current, now):
    if current.ca.usable:
        if now >= current.ca.certificate.not_after:
            return "it expired on %s" % current.ca.certificate.not_after.strftime("%Y-%m-%d")
        return None if current.ca.certificate.is_ca else "its certificate is not that of a CA"
    if current.bundle:
        return None
    return "it does not exist" if current.ca.absent else current.ca.problem or "its key does not match its certificate"


def _publish_reason(current, new_ca):
    if new_ca:
        return "the CA is new"
    if not current.ca.usable:
        return None
    if current.bundle_problem:
        return current.bundle_problem
    published = {ca.fingerprint for ca in current.bundle}
    return None if current.ca.certificate.fingerprint in published else "it lacks the CA"


def _require_key(current, needed):
    if needed:
        raise CalicoError(
            "The certificate of Typha's %s must be issued, but the CA's key is lost" % " and ".join(needed),
            expected="the CA's certificate and key in their Secret", found=current.ca.problem or "no usable Secret, but a published CA certificate",
            remedy="restore the Secret, or delete the ConfigMap with the CA certificate as well to start with a new CA: every Typha and calico/node"
            " is then rolled",
        )


def _leaf_step(party, pair, wanted, reason):
    before = None if pair.certificate is None else pair.certificate.as_result()
    after = {"subject": "CN=%s" % wanted.common_name, "usage": wanted.usage, "key_type": wanted.key_type, "days": wanted.lifetime.days}
    return Step("issue" if pair.absent else "renew", party, reason, before, after, detail=party)


def _ca_age(current, now, new_ca):
    if new_ca or not current.ca.usable:
        return []
    left = (current.ca.certificate.not_after - now).days
    if left > 180:
        return []
    return ["The Typha CA expires in %d days, and no leaf outlives it; this release does not rotate CAs yet" % left]
