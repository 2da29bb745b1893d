# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of values on which plans of Typha's PKI are carried out.

Its Typhas and nodes load their material as the real ones do: a Typha loads its files once, when its pod
starts; a node reads them at each connection from mounts that the kubelet refreshes at any time, each on
its own, so a node's bundle and leaf are any that were there since its pod started.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import CA_NAME, PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.read import with_workloads
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import (
    material_hash,
    phase,
    rolls,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    TyphaPki,
    Workload,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import (
    CreateCa,
    DropOldCas,
    ForgetPreviousKey,
    PublishBundle,
    Source,
)

BACKDATE = timedelta(minutes=5)


class Killed(Exception):
    """The run ended here."""


class World:
    """issued: [(party, time, Certificate)]; cas: [(time, Certificate)].

    kill_at: the number of the act before which a run dies.
    strict: whether every step is followed by a look at all handshakes.
    """

    def __init__(self, wanted, policy, typhas=2, nodes=3):
        self.wanted, self.policy = wanted, policy
        self.state = TyphaPki(Pair(), Pair(), (), None, dict.fromkeys(PARTIES, Pair()))
        self.versions = {"bundle": [()], "server": [Pair()], "client": [Pair()]}
        self.pods = {"server": [None] * typhas, "client": [None] * nodes}
        self.annotations = dict.fromkeys(PARTIES, "")
        self.issued, self.cas, self.acts, self.kill_at = [], [], 0, None
        self.numbers = itertools.count()
        self.strict = True

    # ---- a run of the roles typha and node ---------------------------------------------------------------------------

    def run(self, now, force=()):
        """What the roles do: decide and apply, roll between the phases, at last Typha, then calico/node.

        Returns the actions.
        """
        done = self._decide(now, force)
        for expected in ("introduce", "switch"):
            if phase(self.policy, self.state, now) == expected:
                for roll in rolls(with_workloads(self.policy, self.state, now, self.workloads)):
                    self._roll(
                        "server" if roll["kind"] == "Deployment" else "client", roll["hash"], now
                    )
                done += self._decide(now, force)
        for party in PARTIES:
            self._roll(party, material_hash(self.state, party), now)
        return done

    def _decide(self, now, force):
        current = with_workloads(self.policy, self.state, now, self.workloads)
        plan = decide(self.wanted, self.policy, current, now, force)[0]
        for step in plan:
            self._act(now)
            self._apply(step, now)
            if self.strict:
                self.require_handshakes(now)
        return [(step.action, step.target) for step in plan]

    def _apply(self, step, now):
        state = self.state
        if isinstance(step, CreateCa):
            ca = self._certificate(CA_NAME, (), now, now + self.policy.lifetime, is_ca=True)
            self.cas.append((now, ca))
            self.state = replace(
                state,
                ca=Pair(ca, ca.public_key, None, True, (ca,)),
                previous=state.ca if step.keep_previous else Pair(),
            )
        elif isinstance(step, PublishBundle):
            pool = [
                *state.bundle,
                *(pair.certificate for pair in (state.previous, state.ca) if pair.usable),
            ]
            wanted = (
                {ca.fingerprint for ca in state.bundle}
                | set(step.missing)
                | {state.ca.certificate.fingerprint}
            )
            self._set_bundle(
                tuple({ca.fingerprint: ca for ca in pool if ca.fingerprint in wanted}.values())
            )
        elif isinstance(step, DropOldCas):
            self._set_bundle(tuple(ca for ca in state.bundle if ca.fingerprint in step.kept))
        elif isinstance(step, ForgetPreviousKey):
            self.state = replace(state, previous=Pair())
        else:
            party, ca = step.party, state.ca.certificate
            if step.source is Source.PREVIOUS_CA:
                ca = state.previous.certificate
            leaf = self._certificate(
                PARTIES[party].common_name,
                (PARTIES[party].usage,),
                now,
                min(now + self.wanted[party].lifetime, ca.not_after),
            )
            self.issued.append((party, now, leaf))
            pair = Pair(leaf, leaf.public_key, None, True, (ca,))
            self.state = replace(state, leaves={**state.leaves, party: pair})
            self.versions[party].append(pair)

    def _set_bundle(self, bundle):
        self.state = replace(self.state, bundle=bundle)
        self.versions["bundle"].append(bundle)

    def _certificate(self, name, usages, now, end, is_ca=False):
        number, kind = next(self.numbers), self.policy if is_ca else self.wanted["server"]
        return Certificate(
            subject="CN=" + name,
            common_name=name,
            issuer="CN=" + CA_NAME,
            serial=number,
            fingerprint="%016d" % number,
            not_before=now - BACKDATE,
            not_after=end,
            is_ca=is_ca,
            usages=usages,
            key_type=kind.key_type,
            key_size=kind.key_size,
            public_key="key %d" % number,
        )

    def _act(self, now):
        self.acts += 1
        if self.acts == self.kill_at:
            raise Killed

    # ---- pods --------------------------------------------------------------------------------------------------------

    def workloads(self):
        behind = {
            party: any(pod is None or pod["hash"] != self.annotations[party] for pod in pods)
            for party, pods in self.pods.items()
        }
        return {
            party: Workload(
                kind, name, self.annotations[party], "some pods are old" if behind[party] else None
            )
            for party, (kind, name) in {
                "server": ("Deployment", "calico-typha"),
                "client": ("DaemonSet", "calico-node"),
            }.items()
        }

    def _roll(self, party, wanted, now):
        """One pod after the other, as far as they are of another hash."""
        if self.annotations[party] != wanted:
            self._act(now)
            self.annotations[party] = wanted
        for number, pod in enumerate(self.pods[party]):
            if pod is None or pod["hash"] != wanted:
                self._act(now)
                since = {
                    "bundle": len(self.versions["bundle"]) - 1,
                    "leaf": len(self.versions[party]) - 1,
                }
                self.pods[party][number] = {"hash": wanted, "since": since}
                if self.strict:
                    self.require_handshakes(now)

    def _may_use(self, party, pod):
        """(bundle, leaf) that a pod may use."""
        bundles, leaves = self.versions["bundle"], self.versions[party]
        if party == "server":
            return {(pod["since"]["bundle"], pod["since"]["leaf"])}
        return set(
            itertools.product(
                range(pod["since"]["bundle"], len(bundles)),
                range(pod["since"]["leaf"], len(leaves)),
            )
        )

    def require_handshakes(self, now):
        """Every Typha that runs and every node that runs accept each other, whatever of their material they use."""
        used = {
            party: set().union(*(self._may_use(party, pod) for pod in pods if pod))
            for party, pods in self.pods.items()
        }
        for server, client in itertools.product(used["server"], used["client"]):
            for who, trusts, leaf in (
                ("Typha's", client[0], self.versions["server"][server[1]]),
                ("the node's", server[0], self.versions["client"][client[1]]),
            ):
                issuer = leaf.chain[0]
                assert issuer in self.versions["bundle"][trusts], (
                    "%s certificate is of a CA that the peer does not have" % who
                )
                assert all(
                    one.not_before <= now < one.not_after for one in (leaf.certificate, issuer)
                ), "%s certificate is not valid on %s" % (who, now)
