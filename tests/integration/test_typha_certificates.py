# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typha's certificates on a lab: the CA is replaced by an ordinary run, by the playbook, by killed
runs and by two runs at once.

Every Typha and every node that were there at the same time shake hands, with every material that
they may have used, see pki_recorder; in Go as Calico does (go_tls), and in Python (typha_tls);
openssl is the third judge. The tests build on each other in their order.
"""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
from datetime import datetime, timedelta, timezone

import openssl_oracle as oracle
import outside_chains
import pytest
from hardway_testbed.ansible import command, environment, play, play_and_kill
from hardway_testbed.go_tls import refusals
from hardway_testbed.lab import ROOT
from hardway_testbed.pki_recorder import Recorder
from hardway_testbed.snapshot import difference, snapshot
from hardway_testbed.typha_tls import Refused, handshake

from ansible_collections.hardway.calico.plugins.module_utils._pki import x509

ROTATE = "hardway.calico.rotate_certificates"
# A CA with 400 days left is due when it is replaced 365 + 40 days before its end, and not yet with
# the default of 365 + 30.
DUE = ["-e", "typha_renewal_days=40"]
RECORDS = {}


def secret(lab, name):
    data = json.loads(lab.kubectl("get", "secret", "-n", "kube-system", name, "-o", "json"))["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def bundle(lab):
    return json.loads(
        lab.kubectl("get", "configmap", "-n", "kube-system", "calico-typha-ca", "-o", "json")
    )["data"]["typhaca.crt"]


def require_sound(lab):
    """One CA, both leaves of it with their keys, all by openssl; returns the CA."""
    ca = bundle(lab)
    assert ca.count("BEGIN CERTIFICATE") == 1 and set(secret(lab, "calico-typha-ca-key")) == {
        "ca.crt",
        "ca.key",
    }
    for name, stem, purpose in (
        ("calico-typha-certs", "typha", "sslserver"),
        ("calico-node-certs", "calico-node", "sslclient"),
    ):
        pair = secret(lab, name)
        oracle.verify(pair[stem + ".crt"], ca, purpose)
        assert oracle.public_key(certificate=pair[stem + ".crt"]) == oracle.public_key(
            key=pair[stem + ".key"]
        )
        oracle.openssl("x509", "-noout", "-checkend", 364 * 86400, content=pair[stem + ".crt"])
    return ca


@pytest.fixture(scope="module")
def aged(lab):
    """A cluster whose CA is nine years old."""
    now = datetime.now(timezone.utc)
    key = x509.make_key("ECDSA", 256)
    ca = x509.make_ca("Calico Typha CA", key, now - timedelta(days=3250), now + timedelta(days=400))
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "calico-typha-ca-key", "namespace": "kube-system"},
        "stringData": {"ca.crt": ca, "ca.key": key},
    }
    lab.kubectl("create", "-f", "-", stdin=json.dumps(body))
    play(lab).succeeded()
    assert require_sound(lab).strip() == ca.strip()
    return ca


def test_check_mode_names_what_would_be_replaced_and_why(lab, aged):
    before = snapshot(lab)
    run = play(lab, "--check", "--diff", *DUE, playbook=ROTATE).succeeded()
    assert (
        "force asks for it" in run.output
        and "leaves of the new CA follow when Typha and calico/node have loaded both" in run.output
    )
    assert difference(before, snapshot(lab)) == []


def test_ordinary_run_replaces_the_ca_in_time(lab, aged):
    with Recorder(lab) as RECORDS["ordinary"]:
        run = play(lab, "--diff", *DUE).succeeded()
    assert "the CA expires in 399 days, it is replaced 405 days before its end" in run.output
    assert require_sound(lab).strip() != aged.strip()


def test_next_run_changes_nothing(lab, aged):
    before = snapshot(lab)
    run = play(lab, *DUE).succeeded()
    assert set(run.changed.values()) == {0} and difference(before, snapshot(lab)) == []
    assert max(run.on(host) for host in lab.workers) <= 4


def test_typha_was_rolled_before_calico_node_in_each_phase(aged):
    """Every Typha of a phase starts before any node of it, and no party is rolled twice."""
    record = RECORDS["ordinary"]
    begun = record.versions["bundle"][1][0]
    started = [
        pod.party
        for pod in sorted(record.pods.values(), key=lambda pod: pod.start)
        if pod.start > begun
    ]
    assert [party for party, _pods in itertools.groupby(started)] == ["server", "client"] * 3


def pods(lab, name):
    return {
        pod["metadata"]["uid"]
        for pod in lab.objects("pods", "kube-system")
        if pod["metadata"]["labels"].get("k8s-app") == name
    }


def test_an_expired_leaf_rolls_its_own_party_only(lab, aged):
    kept = secret(lab, "calico-typha-ca-key")
    leaf, key = oracle.make_leaf(
        "calico-node", (kept["ca.crt"], kept["ca.key"]), "clientAuth", days=-1
    )
    lab.kubectl(
        "patch",
        "secret",
        "-n",
        "kube-system",
        "calico-node-certs",
        "--type=merge",
        "-p",
        json.dumps({"stringData": {"calico-node.crt": leaf, "calico-node.key": key}}),
    )
    before = {name: pods(lab, name) for name in ("calico-typha", "calico-node")}
    run = play(lab, "--diff", *DUE).succeeded()
    assert "# client (it expired on " in run.output and "# server" not in run.output
    require_sound(lab)
    assert (
        pods(lab, "calico-typha") == before["calico-typha"]
        and not pods(lab, "calico-node") & before["calico-node"]
    )


KILLS = [
    ("Roll whoever has not loaded", 0.0),
    ("Put the certificates' hash on the pod template", 1.2),
    ("Take the next step", 2.0),
    ("Apply Typha's RBAC", 1.0),
]


def test_killed_runs_are_finished_by_the_next(lab, aged):
    old = bundle(lab)
    with Recorder(lab) as RECORDS["killed"]:
        for task, delay in KILLS:
            play_and_kill(lab, task, playbook=ROTATE, delay=delay)
        play(lab, playbook=ROTATE).succeeded()
    assert require_sound(lab) != old


def test_two_runs_at_once(lab, aged):
    with Recorder(lab) as RECORDS["two"]:
        runs = [
            subprocess.Popen(
                command(lab.inventory, ROTATE),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                stdin=subprocess.DEVNULL,
                env=environment(),
                cwd=ROOT,
            )
            for _number in range(2)
        ]
        outputs = [run.communicate(timeout=400)[0] for run in runs]
        for run, output in zip(runs, outputs):
            assert (
                run.returncode == 0
                or "Another run or person changed the" in output
                or "not rolled" in output
            ), output[-3000:]
            assert "Traceback" not in output
        play(lab, playbook=ROTATE).succeeded()
    require_sound(lab)


# ---- handshakes ---------------------------------------------------------------------------------


def sides(record, encounter):
    """(server, client) of an encounter, each (certificate, key, bundle)."""
    bundles, typhas, nodes = (
        [pems for _revision, pems in record.versions[what]]
        for what in ("bundle", "server", "client")
    )
    return (*typhas[encounter[1]], *bundles[encounter[0]]), (
        *nodes[encounter[3]],
        *bundles[encounter[2]],
    )


@pytest.mark.parametrize("name", ["ordinary", "killed", "two"])
def test_no_typha_and_no_node_ever_refused_each_other(name):
    record = RECORDS[name]
    encounters = record.encounters()
    assert len(record.versions["bundle"]) >= 3 and len(encounters) >= 10, (
        "a CA was replaced while parties were there"
    )
    for encounter in encounters:
        handshake(*sides(record, encounter))
    assert set(refusals([sides(record, encounter) for encounter in encounters])) == {""}


def test_openssl_agrees(aged):
    record = RECORDS["ordinary"]
    seen = set()
    for encounter in sorted(record.encounters()):
        server, client = sides(record, encounter)
        oracle.verify(server[0], client[2], "sslserver")
        oracle.verify(client[0], server[2], "sslclient")
        if encounter[:2] not in seen:
            seen.add(encounter[:2])
            assert oracle.handshake(server, client), encounter
    assert len(seen) >= 4, "Typhas with old and new bundles and leaves"


def test_without_the_order_they_would_have_refused_each_other(aged):
    """The stand-ins can refuse: the first and the last material of the same rotation do not fit together."""
    record = RECORDS["ordinary"]
    last = (
        len(record.versions["bundle"]) - 1,
        len(record.versions["server"]) - 1,
        len(record.versions["client"]) - 1,
    )
    for encounter in ((0, 0, last[0], last[2]), (last[0], last[1], 0, 0)):
        with pytest.raises(Refused):
            handshake(*sides(record, encounter))
        assert not oracle.handshake(*sides(record, encounter)) and refusals(
            [sides(record, encounter)]
        ) != [""]


def test_illegitimate_parties_are_always_refused(lab):
    record, kept = RECORDS["two"], secret(lab, "calico-typha-ca-key")
    authority = kept["ca.crt"], kept["ca.key"]
    foreign = oracle.make_ca("Calico Typha CA")
    bundles = [
        pems[0] for _revision, pems in record.versions["bundle"] if authority[0].strip() in pems[0]
    ]
    assert {pem.count("BEGIN CERTIFICATE") for pem in bundles} == {1, 2}, (
        "during a change of the CA and after it"
    )
    server, client = (record.versions[what][-1][1] for what in ("server", "client"))
    clients = (
        ("", ""),
        oracle.make_leaf("calico-node", foreign, "clientAuth"),
        oracle.make_leaf("calico-other", authority, "clientAuth"),
        server,
        oracle.make_leaf("calico-node", authority, "clientAuth", days=-1),
    )
    servers = (
        oracle.make_leaf("calico-typha", foreign, "serverAuth"),
        oracle.make_leaf("calico-other", authority, "serverAuth"),
        client,
        oracle.make_leaf("calico-typha", authority, "serverAuth", days=-1),
    )
    words = [
        "didn't provide a certificate",
        "unknown authority",
        "does not have required CN",
        "incompatible key usage",
        "has expired",
        "unknown authority",
        "does not have required CN",
        "incompatible key usage",
        "has expired",
    ]
    for trusted in bundles:
        handshake((*server, trusted), (*client, trusted))
        pairs = [((*server, trusted), (*made, trusted)) for made in clients] + [
            ((*made, trusted), (*client, trusted)) for made in servers
        ]
        for pair in pairs:
            with pytest.raises(Refused):
                handshake(*pair)
        told = refusals([((*server, trusted), (*client, trusted)), *pairs])
        assert told[0] == "" and all(
            word in refusal for word, refusal in zip(words, told[1:], strict=True)
        ), told


@pytest.mark.parametrize("name", list(outside_chains.CHAINS))
def test_go_takes_and_refuses_the_outside_chains_that_we_do(name):
    root, _below, leaves = outside_chains.chain(name)
    told = refusals([((*leaves["server"], root[0]), (*leaves["client"], root[0]))])
    assert (told == [""]) == (outside_chains.CHAINS[name][3] is None), told
