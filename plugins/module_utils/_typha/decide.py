# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what Typha's PKI needs: a CA, its publication, a leaf for Typha and one for calico/node, and the way from one CA to the next.

A CA may sign leaves once every Typha and calico/node has loaded a bundle with it; until then the previous one signs. The previous one
leaves the bundle once every Typha and calico/node has loaded leaves of the new one. Typha loads its files at its start, calico/node at
each connection from a mount that the kubelet refreshes late, so both count as loaded when they were rolled: their pod templates carry
the hash of the material. All of this is read from the cluster, so a run that was killed is finished by the next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    LeafWanted,
    chain_trouble,
    renewal_window,
    span_in_words,
    trouble,
    weak_signature,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    all_behind,
    ca_works,
    extras,
    strangers,
    wanted_anchors,
    works,
)

CA_NAME = "Calico Typha CA"
# The parties, with the CN that the other one asks for and the usage that Go's verifier asks for.
PARTIES = {"server": ("calico-typha", "serverAuth"), "client": ("calico-node", "clientAuth")}
REPLACED = "it was signed by a CA that is being replaced"


def wanted_leaf(party, key_type, key_size, lifetime, window, uri_san=""):
    common_name, usage = PARTIES[party]
    return LeafWanted(common_name, usage, key_type, key_size, lifetime, window, uri_san)


def rotate_before(leaf_lifetime, leaf_window):
    """How long before its end a CA of ours is replaced: so early that each leaf gets its full lifetime, renewed on its last day."""
    return leaf_lifetime + leaf_window


def decide(wanted, policy, current, now, force=()):
    """(Plan, warnings). wanted: {party: LeafWanted}; policy: CaPolicy; current: TyphaPki; now: aware datetime; force: of "leaf", "ca".

    Steps: "create" the CA, "publish" the bundle, "issue" or "renew" a party (detail: (party, "ca" or "previous"), or "handed" for a
    leaf that was handed in), "drop" the old CAs, "forget" the previous CA's key. Raises CalicoError where only a person can help.
    """
    _require_usable(policy, current, now, force)
    new_ca = _new_ca_reason(wanted, policy, current, now, force)
    anchors = () if new_ca else wanted_anchors(policy, current)
    overlap = strangers(current, anchors, now)
    if overlap and not new_ca:
        _require_the_same_directory(policy, current, force)
    steps = []
    if new_ca:
        steps.append(
            Step(
                "create",
                "CA %s" % CA_NAME,
                new_ca,
                after=_ca_shown(policy),
                detail="keep" if overlap and ca_works(current.ca, now) else None,
            )
        )
    published = {ca.fingerprint for ca in current.bundle}
    in_use = [pair.chain[-1].fingerprint for pair in current.leaves.values() if works(pair, now)]
    missing = [ca for ca in dict.fromkeys((*anchors, *in_use)) if ca not in published]
    if new_ca or missing or current.bundle_problem:
        reason = "the CA is new" if new_ca else current.bundle_problem or "it lacks the CA"
        then = (
            "; leaves of the new CA follow when Typha and calico/node have loaded both"
            if overlap
            else ""
        )
        added = [ca[:16] for ca in missing] + (["CN=%s, the new one" % CA_NAME] if new_ca else [])
        steps.append(
            Step(
                "publish",
                "CA bundle",
                reason + then,
                _names(current.bundle),
                _names(current.bundle) + added,
                detail=missing,
            )
        )
    introduced = not steps and not all_behind(current, whole=False)
    previous = current.ca if new_ca else current.previous
    can_sign = new_ca or current.ca.usable or policy.handed
    signer = _Signers(
        bool(can_sign) and (not overlap or introduced),
        ca_works(previous, now) and previous.certificate.fingerprint in published,
    )
    # Where the CA is being replaced, all leaves are issued anyway.
    forced = "leaf" in force and not new_ca and not overlap and current.previous.absent
    leaves, waiting, warnings = _leaves(wanted, policy, current, now, forced, anchors, signer)
    steps += leaves
    if not steps and not waiting and (policy.anchors or current.ca.usable):
        steps += _end_of_rotation(current, anchors)
    return Plan(steps), warnings + _warnings(policy, current, now, new_ca, overlap and not steps)


class _Signers:
    """new: whether the CA itself may sign; old: whether the previous one still can."""

    def __init__(self, new, old):
        self.new, self.old = new, old


def _leaves(wanted, policy, current, now, forced, anchors, signer):
    """(steps, parties that wait for the new CA, warnings)."""
    steps, waiting, warnings = [], [], []
    for party, leaf in wanted.items():
        pair, handed = current.leaves[party], policy.handed.get(party)
        fine = works(pair, now)
        reason = _leaf_reason(pair, leaf, handed, now, signer.new or signer.old)
        if not reason and not handed:
            reason = (
                "a CA of its chain is not valid"
                if not fine
                else "force asks for it"
                if forced
                else None
            )
        if not reason and anchors and pair.chain[-1].fingerprint not in anchors:
            reason = REPLACED
        if not reason:
            continue
        by = "handed" if handed else "ca"
        if not signer.new:
            # What still works waits for the new CA rather than be issued twice, unless its end comes near.
            urgent = (
                fine
                and now >= pair.certificate.not_after - renewal_window(pair.certificate, leaf) / 2
            )
            if reason == REPLACED or (fine and not (urgent and signer.old)):
                waiting.append(party)
                continue
            if signer.old and not handed:
                by = "previous"
            else:
                warnings.append(
                    "The %s certificate cannot wait until all have loaded the new CA: handshakes with parties that are not rolled yet fail"
                    % party
                )
        steps.append(_leaf_step(party, pair, leaf, reason, by))
    return steps, waiting, warnings


def _leaf_reason(pair, wanted, handed, now, signs):
    if handed:
        same = pair.usable and handed.certificate.fingerprint == pair.certificate.fingerprint
        return (
            None
            if same
            else "another one was handed in"
            if not pair.absent
            else "it does not exist"
        )
    # Without a CA key, a leaf of another key type is no reason to do anything: it works, and the guide's own is RSA.
    return trouble(
        pair, wanted if signs or not pair.usable else _of_the_same_kind(wanted, pair), now
    )


def _of_the_same_kind(wanted, pair):
    return replace(wanted, key_type=pair.certificate.key_type, key_size=pair.certificate.key_size)


def _new_ca_reason(wanted, policy, current, now, force):
    """Why a CA of ours is needed, or None."""
    if policy.storage == "external":
        return None
    if not current.ca.usable:
        return _reason_without_key(wanted, policy, current, now, force)
    ca = current.ca.certificate
    if not ca.is_ca:
        return "its certificate is not that of a CA"
    if now >= ca.not_after:
        return "it expired on %s" % ca.not_after.strftime("%Y-%m-%d")
    overlap = strangers(current, (ca.fingerprint,), now)
    if "ca" in force and not overlap and current.previous.absent:
        return "force asks for it"
    return None if overlap else _age_reason(ca, policy, now)


def _age_reason(ca, policy, now):
    # A CA that lives no longer than two leaves is replaced at half its life, not in every run.
    window = min(policy.rotate_before, (ca.not_after - ca.not_before) / 2)
    if now < ca.not_after - window:
        return None
    return "the CA expires in %s, it is replaced %s before its end" % (
        span_in_words(ca.not_after - now),
        span_in_words(window),
    )


def _reason_without_key(wanted, policy, current, now, force):
    problem = (
        "it does not exist"
        if current.ca.absent
        else current.ca.problem or "its key does not match its certificate"
    )
    at_work = [pair for pair in current.leaves.values() if works(pair, now)]
    if not at_work and (not current.bundle or policy.storage == "secret"):
        return problem
    needs = ["force asks for it"] if "ca" in force else []
    needs += [
        "%s: %s" % (party, reason)
        for party, leaf in wanted.items()
        if (reason := _leaf_reason(current.leaves[party], leaf, None, now, False))
    ]
    needs += [
        "%s expires in %s" % (pair.chain[-1].subject, span_in_words(pair.chain[-1].not_after - now))
        for party, pair in current.leaves.items()
        if works(pair, now) and now >= pair.chain[-1].not_after - wanted[party].renewal_window
    ]
    if not needs:
        return None
    if policy.storage == "directory" and "ca" not in force:
        raise CalicoError(
            "A new certificate is needed (%s), but the CA's key is not on this host" % needs[0],
            expected="the CA's certificate and key in ca.pem",
            found=problem,
            remedy="run on the API host that holds ca_directory, restore it, or start a new CA with force=ca",
        )
    return "the CA's key is lost (%s), and %s" % (problem, needs[0])


def _require_usable(policy, current, now, force):
    if current.ca.usable and now < current.ca.certificate.not_before:
        raise CalicoError(
            "The Typha CA is not valid yet",
            expected="a CA that began before %s, the time here"
            % now.strftime("%Y-%m-%d %H:%M UTC"),
            found="not valid before %s"
            % current.ca.certificate.not_before.strftime("%Y-%m-%d %H:%M UTC"),
            remedy="correct the clock of the API host, then run again",
        )
    if policy.storage == "external" and "ca" in force:
        raise CalicoError(
            "The CA is not ours to replace",
            expected="force without ca where ca_storage is external",
            found="force=ca",
            remedy="hand in the new CA: all old and new parties keep trusting each other meanwhile",
        )


def _require_the_same_directory(policy, current, force):
    """A directory with a CA that the cluster does not know is that of another API host; two of them would replace each other for ever."""
    known = {ca.fingerprint for ca in current.bundle}
    ours = {pair.certificate.fingerprint for pair in (current.ca, current.previous) if pair.usable}
    if policy.storage == "directory" and ours and not ours & known and "ca" not in force:
        raise CalicoError(
            "The CA in ca_directory is not the one that the cluster trusts",
            expected="one of %s" % ", ".join(sorted(known)),
            found=", ".join(sorted(ours)),
            remedy="run on the API host that holds the CA, copy its ca.pem here, or start a new CA with force=ca",
        )


def _end_of_rotation(current, anchors):
    """Drop what nobody needs any more: all leaves are of the wanted CA, and all have loaded them."""
    old = extras(current, anchors)
    if old and all_behind(current, whole=True):
        return []
    steps, reason = [], "nobody uses a certificate of the old CA any more"
    if old:
        kept = [ca for ca in current.bundle if ca.fingerprint in anchors]
        steps.append(
            Step("drop", "CA bundle", reason, _names(current.bundle), _names(kept), detail=anchors)
        )
    if not current.previous.absent or current.copied:
        steps.append(
            Step(
                "forget",
                "key of the previous CA",
                "a run that was killed left a copy of the CA there" if current.copied else reason,
            )
        )
    return steps


def _leaf_step(party, pair, wanted, reason, by):
    before = None if pair.certificate is None else pair.certificate.as_result()
    after = {"subject": "CN=%s" % wanted.common_name, "usage": wanted.usage}
    if by != "handed":
        after.update(key_type=wanted.key_type, key_size=wanted.key_size, days=wanted.lifetime.days)
    return Step(
        "issue" if pair.absent else "renew", party, reason, before, after, detail=(party, by)
    )


def _ca_shown(policy):
    return {
        "subject": "CN=%s" % CA_NAME,
        "key_type": policy.key_type,
        "key_size": policy.key_size,
        "days": policy.lifetime.days,
    }


def _names(cas):
    return [
        "%s, until %s, %s" % (ca.subject, ca.not_after.strftime("%Y-%m-%d"), ca.fingerprint[:16])
        for ca in cas
    ]


def _warnings(policy, current, now, new_ca, stands_still):
    found = []
    if policy.storage != "external" and not new_ca and not current.ca.usable:
        problem = (
            "no Secret"
            if current.ca.absent
            else current.ca.problem or "its key does not match its certificate"
        )
        found.append(
            "The key of the Typha CA is lost (%s); its certificates stay valid, and a new CA replaces it when one must be renewed"
            % problem
        )
    for party, pair in policy.handed.items():
        left = pair.certificate.not_after - now
        if left < policy.expiring:
            found.append(
                "The %s certificate that was handed in expires in %s: hand in a new one"
                % (party, span_in_words(left))
            )
    if stands_still:
        found.append(
            "The new CA waits until all have loaded it: %s"
            % "; ".join(all_behind(current, whole=False))
        )
    return found


def require_bundle(bundle):
    """Raises CalicoError for an external CA's bundle with what is no CA."""
    for certificate in bundle:
        if not certificate.is_ca:
            raise CalicoError(
                "ca_bundle_content holds more than CAs",
                expected="PEM of the external CA's roots",
                found="%s is no CA's certificate" % certificate.subject,
                remedy="hand leaves in with their own options, or leave them out; nothing was written",
            )


def require_handed(party, pair, wanted, now):
    """Raises CalicoError for a leaf that was handed in and that a peer would refuse, whatever its key type."""
    reason = (
        "neither certificate nor key"
        if pair.absent
        else pair.certificate and weak_signature(pair.certificate)
    )
    reason = reason or trouble(
        _as_handed(pair, wanted), _no_renewal(wanted, pair) if pair.usable else wanted, now
    )
    reason = reason or chain_trouble(pair.chain, (wanted.usage,), now)
    if reason:
        raise CalicoError(
            "The %s certificate that was handed in cannot be used" % party,
            found=reason,
            expected="CN %s, %s, with its key, signed by a CA"
            " of ca_bundle_content" % (wanted.common_name, wanted.usage),
            remedy="hand in another one; nothing was written",
        )


def _no_renewal(wanted, pair):
    """Whoever made the leaf chose its key and when to make the next one."""
    return replace(_of_the_same_kind(wanted, pair), renewal_window=timedelta(0))


def _as_handed(pair, wanted):
    """The leaf as peers see it: they ask for one URI among any, or for none."""
    if not pair.usable:
        return pair
    own = pair.certificate.uri_sans
    asked = () if not wanted.uri_san else (wanted.uri_san,) if wanted.uri_san in own else own
    return replace(pair, certificate=replace(pair.certificate, uri_sans=asked))


def require_issuing(pair, now):
    """Raises CalicoError for an issuing CA that was handed in and cannot issue."""
    reason = pair.problem or ("its key does not match its certificate" if not pair.usable else None)
    if not reason and not pair.chain:
        reason = "it does not lead to a CA of ca_bundle_content"
    if not reason:
        # A root that issues the leaves itself is the end of its own chain.
        chain = {ca.fingerprint: ca for ca in (pair.certificate, *pair.chain)}.values()
        reason = weak_signature(pair.certificate) or chain_trouble(
            chain, [usage for _name, usage in PARTIES.values()], now
        )
    if reason:
        raise CalicoError(
            "The issuing CA that was handed in cannot be used",
            expected="PEM of the CA, with the intermediates up to a CA of"
            " ca_bundle_content, and its key",
            found=reason,
            remedy="hand in another one; nothing was written",
        )
