# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is reported of certificates, as tables of values; and the report of a whole cluster.

The cluster's certificates are openssl's.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import openssl_oracle as oracle
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._survey import decide as reporting
from ansible_collections.hardway.calico.plugins.module_utils._survey import report
from ansible_collections.hardway.calico.plugins.modules import calico_certificate_info

START = datetime(2026, 11, 21, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def certificate(fingerprint="ff" * 32, days=365, begins=START, is_ca=False):
    return Certificate(
        "CN=x",
        "x",
        "CN=ca",
        0x5A3C,
        fingerprint,
        begins,
        begins + days * DAY,
        is_ca,
        ("clientAuth",),
        "ECDSA",
        256,
        "aa",
    )


def found(problem=None, **about):
    return reporting.Found(
        "CNI user x", "Secret kube-system/x tls.crt", "CNI plugin", certificate(**about), problem
    )


@pytest.mark.parametrize(
    ("what", "after", "least", "status", "days", "trouble"),
    [
        (found(), 0, 0, "ok", 365, ""),
        (found(), 0.5, 365, "ending", 364, "it ends in 364 days, at least 365 are asked for"),
        (found(), 344, 21, "ok", 21, ""),
        (found(), 345, 21, "ending", 20, "it ends in 20 days, at least 21 are asked for"),
        (found(), 364.9, 0, "ok", 0, ""),
        (found(), 365, 0, "expired", 0, "it expired on 2027-11-21"),
        (found(), 400, 0, "expired", -35, "it expired on 2027-11-21"),
        (found("its CN is y"), 400, 0, "expired", -35, "it expired on 2027-11-21, its CN is y"),
        (found("its CN is y"), 0, 0, "broken", 365, "its CN is y"),
        (
            found(),
            -1,
            0,
            "broken",
            366,
            "it is not valid before 2026-11-21 00:00 UTC: a clock was or is wrong",
        ),
        (
            reporting.Found("x", "y", "z", None, reporting.MISSING),
            0,
            0,
            "missing",
            None,
            "it does not exist",
        ),
    ],
)
def test_status_of_one(what, after, least, status, days, trouble):
    about = report.row(what, START + after * DAY, least)
    assert (about["status"], about["days_left"], about["trouble"]) == (status, days, trouble)
    assert about.get("serial") == (None if what.certificate is None else "5A3C")


OTHER = certificate(fingerprint="00" * 32)
STORED = found()


@pytest.mark.parametrize(
    ("held", "problem", "stored", "expected"),
    [
        (certificate(), None, STORED, None),
        (
            OTHER,
            None,
            STORED,
            "it is another one than the Secret's: this node was missed when it was issued",
        ),
        (
            certificate(),
            None,
            found("it was signed by another CA (CN=y)"),
            "it was signed by another CA (CN=y)",
        ),
        (certificate(), None, None, "there is no Secret that it came from"),
        (None, "the file is missing", STORED, "the file is missing"),
        (None, None, STORED, "it holds no client certificate"),
    ],
)
def test_what_a_node_holds(held, problem, stored, expected):
    assert reporting.on_node("cka001", "cka001 /etc/x", held, problem, stored).problem == expected


@pytest.mark.parametrize(
    ("server", "held", "wanted", "cas", "words"),
    [
        ("https://a", [certificate()], "https://a", [certificate()], None),
        ("https://a", [certificate(), OTHER], "https://a", [OTHER], None),
        ("https://a", [], "", [], None),
        ("https://a", [certificate()], "https://b", [certificate()], "https://a, not https://b"),
        ("https://a", [certificate()], "https://a", [OTHER], "lacks the cluster's CA"),
    ],
)
def test_a_file_that_leads_elsewhere(server, held, wanted, cas, words):
    problem = reporting.strayed(server, held, wanted, cas)
    assert problem is None if words is None else words in problem


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (Pair(), "it does not exist"),
        (Pair(certificate(is_ca=True), "aa", None, True), None),
        (Pair(certificate(is_ca=True), "bb", None, True), "its key does not match its certificate"),
        (Pair(certificate(), "aa", None, True), "it is no CA's certificate"),
        (
            Pair(certificate(fingerprint="00" * 32, is_ca=True), "aa", None, True),
            "the published bundle lacks it",
        ),
        (Pair(problem="its key is missing"), "its key is missing"),
    ],
)
def test_the_signing_ca(pair, expected):
    assert reporting.authority("CA", "x", "y", pair, [certificate(is_ca=True)]).problem == expected


def test_uri_sans_of_a_leaf_are_no_trouble():
    made = replace(certificate(), uri_sans=("spiffe://cluster/typha", "spiffe://other"))
    assert (
        reporting.leaf("x", "y", "z", Pair(made, "aa", None, True), "x", "clientAuth").problem
        is None
    )


def test_table_is_aligned():
    lines = report.table(
        [
            report.row(one, START, 0)
            for one in (found(), reporting.Found("y", "somewhere", "z", None, reporting.MISSING))
        ]
    )
    assert (
        len(lines) == 3
        and len({line.index(word) for line, word in zip(lines, ("WHERE", "Secret", "somewhere"))})
        == 1
    )
    assert (
        "2027-11-21" in lines[1] and "365" in lines[1] and "MISSING: it does not exist" in lines[2]
    )


# ---- the whole cluster ---------------------------------------------------------------------------


def secret(**data):
    return {
        "metadata": {},
        "data": {
            key.replace("_", "."): base64.b64encode(value.encode()).decode()
            for key, value in data.items()
        },
    }


@pytest.fixture(scope="module")
def cas():
    return {
        "typha": oracle.make_ca(),
        "cluster": oracle.make_ca("kubernetes"),
        "other": oracle.make_ca("kubernetes"),
    }


@pytest.fixture(scope="module")
def leaves(cas):
    return {
        "server": oracle.make_leaf("calico-typha", cas["typha"], "serverAuth"),
        "client": oracle.make_leaf("calico-node", cas["typha"], "clientAuth"),
        "cni": oracle.make_leaf("calico-cni", cas["cluster"], "clientAuth"),
    }


PLACE = "/api/v1/namespaces/kube-system/"
SECRET = PLACE + "secrets/calico-cni-credential"


@pytest.fixture
def objects(cas, leaves):
    return {
        PLACE + "configmaps/calico-typha-ca": {
            "metadata": {},
            "data": {"typhaca.crt": cas["typha"][0]},
        },
        PLACE + "secrets/calico-typha-ca-key": secret(
            ca_crt=cas["typha"][0], ca_key=cas["typha"][1]
        ),
        PLACE + "secrets/calico-typha-certs": secret(
            typha_crt=leaves["server"][0], typha_key=leaves["server"][1]
        ),
        PLACE + "secrets/calico-node-certs": {
            "metadata": {},
            "data": {
                key: base64.b64encode(text.encode()).decode()
                for key, text in zip(("calico-node.crt", "calico-node.key"), leaves["client"])
            },
        },
        SECRET: secret(tls_crt=leaves["cni"][0], tls_key=leaves["cni"][1]),
    }


@pytest.fixture
def run(capsys, monkeypatch):
    def run_module(objects, **options):
        api = RecordedApi(objects)
        monkeypatch.setattr(calico_certificate_info, "connect", lambda params: api)
        with patch_module_args({**options, "_ansible_check_mode": True}), pytest.raises(SystemExit):
            calico_certificate_info.main()
        out = capsys.readouterr().out
        assert "PRIVATE KEY" not in out and api.writes == []
        return json.loads(out)

    return run_module


def troubles(result):
    return {about["what"]: about["trouble"] for about in result["troubled"]}


def test_a_sound_cluster(run, objects, cas, leaves):
    held = {
        "node": "cka001",
        "path": "/etc/x",
        "server": "https://a",
        "cluster_ca": cas["cluster"][0],
        "client_certificate": leaves["cni"][0],
    }
    result = run(
        objects,
        cluster_ca=cas["cluster"][0],
        held=[held],
        nodes=["cka001"],
        server="https://a",
        least_days=30,
    )
    assert troubles(result) == {} and result["days_left"] == 364
    assert set(yaml.safe_load(calico_certificate_info.RETURN)) == set(result) - {
        "changed",
        "invocation",
        "warnings",
    }
    by_name = {about["what"]: about for about in result["certificates"]}
    assert list(by_name) == [
        "Typha CA, published",
        "Typha CA, signing",
        "Typha server",
        "calico/node client",
        "CNI user calico-cni",
        "CNI user on cka001",
        "cluster CA",
    ]
    server = by_name["Typha server"]
    told = oracle.openssl(
        "x509",
        "-noout",
        "-serial",
        "-fingerprint",
        "-sha256",
        "-issuer",
        "-subject",
        "-nameopt",
        "RFC2253",
        content=leaves["server"][0],
    )
    assert "serial=%s\n" % server["serial"] in told and server[
        "fingerprint"
    ].upper() in told.replace(":", "")
    assert "issuer=%s\n" % server["issuer"] in told and "subject=%s\n" % server["subject"] in told
    assert (server["used_by"], server["where"]) == (
        "Deployment calico-typha",
        "Secret kube-system/calico-typha-certs typha.crt",
    )
    assert set(yaml.safe_load(calico_certificate_info.RETURN)["certificates"]["sample"][0]) == set(
        server
    )


def test_without_a_cni_user_nobody_looks_for_one(run, objects, cas):
    """install-cni gives the plugin a token of a day instead. What is left of a credential is no trouble."""
    del objects[SECRET]
    objects[PLACE + "secrets/calico-cni-credential-cka001"] = secret(tls_crt="old", tls_key="old")
    result = run(objects, cluster_ca=cas["cluster"][0], nodes=["cka001"], cni=False, least_days=30)
    assert troubles(result) == {}
    assert not any(about["what"].startswith("CNI") for about in result["certificates"])
    assert result["certificates"][-1]["what"] == "cluster CA"


def test_an_empty_cluster(run):
    result = run({}, nodes=["cka001"])
    assert {about["status"] for about in result["certificates"]} == {
        "missing",
        "broken",
    } and result["days_left"] is None
    assert "nobody looked" in troubles(result)["CNI user on cka001"] and len(result["table"]) == 7


def test_every_kind_of_harm_is_named(run, objects, cas, leaves):
    other = oracle.make_leaf("calico-cni", cas["other"], "clientAuth")
    objects[PLACE + "configmaps/calico-typha-ca"]["data"]["typhaca.crt"] = (
        cas["typha"][0] + cas["other"][0]
    )
    objects[PLACE + "secrets/calico-typha-certs"] = secret(
        typha_crt=leaves["server"][0], typha_key=leaves["cni"][1]
    )
    objects[PLACE + "secrets/calico-node-certs"] = {
        "metadata": {},
        "data": {"calico-node.crt": base64.b64encode(b"garbage").decode()},
    }
    objects[SECRET] = secret(tls_crt=other[0], tls_key=other[1])
    result = run(objects, cluster_ca=cas["cluster"][0], ca_secret="")
    assert troubles(result) == {
        "Typha server": "its key does not match its certificate",
        "calico/node client": "its key is missing",
        "CNI user calico-cni": "it was signed by another CA (CN=kubernetes)",
    }
    assert [
        about["where"][-6:]
        for about in result["certificates"]
        if about["what"] == "Typha CA, published"
    ] == ["1 of 2", "2 of 2"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda pem: b"",
        lambda pem: b"garbage",
        lambda pem: b"\xff\xfe",
        lambda pem: pem[:100].encode(),
        lambda pem: oracle.of_unknown_curve(pem).encode(),
    ],
)
def test_garbage_anywhere_is_a_line_of_the_report(run, objects, cas, leaves, harm):
    """In each object in turn, and in what a node holds: everything else is reported as it was."""
    sound = {about["what"] for about in run(objects, cluster_ca=cas["cluster"][0])["certificates"]}
    for path, body in objects.items():
        for key, value in body["data"].items():
            pem_ = value if "configmaps" in path else base64.b64decode(value).decode()
            made = harm(pem_)
            data = {
                **body["data"],
                key: made.decode("latin-1")
                if "configmaps" in path
                else base64.b64encode(made).decode(),
            }
            result = run({**objects, path: {**body, "data": data}}, cluster_ca=cas["cluster"][0])
            assert {about["what"] for about in result["certificates"]} == sound and result[
                "troubled"
            ], (path, key)
    for held in ("client_certificate", "cluster_ca"):
        made = harm(leaves["cni"][0]).decode("latin-1")
        node = {
            "node": "cka001",
            "cluster_ca": cas["cluster"][0],
            "client_certificate": leaves["cni"][0],
            held: made,
        }
        assert "CNI user on cka001" in troubles(
            run(objects, held=[node], cluster_ca=cas["cluster"][0])
        )


def test_credentials_of_nodes(run, objects, cas):
    pairs = {
        node: oracle.make_leaf("calico-cni:" + node, cas["cluster"], "clientAuth")
        for node in ("cka001", "cka002")
    }
    for node, pair in pairs.items():
        labels = {"hardway.calico/credential": "calico-cni-credential", "hardway.calico/node": node}
        metadata = {"name": "calico-cni-credential-" + node, "labels": labels}
        objects["%s-%s" % (SECRET, node)] = {
            **secret(tls_crt=pair[0], tls_key=pair[1]),
            "metadata": metadata,
        }
    held = [{"node": "cka001", "client_certificate": pairs["cka002"][0]}]
    result = run(
        objects,
        cluster_ca=cas["cluster"][0],
        cni_scope="node",
        nodes=["cka001", "cka003"],
        held=held,
    )
    told = troubles(result)
    assert set(told) == {
        "CNI user calico-cni",
        "CNI user calico-cni:cka002",
        "CNI user calico-cni:cka003",
        "CNI user on cka001",
        "CNI user on cka003",
    }
    assert (
        "a full run retires it" in told["CNI user calico-cni"]
        and told["CNI user calico-cni:cka003"] == "it does not exist"
    )
    assert "lacks the cluster's CA" in told["CNI user on cka001"]


def test_without_a_cluster_ca_credentials_are_not_judged_by_it(run, objects):
    assert troubles(run(objects)) == {}


def test_a_garbage_cluster_ca_is_refused(run, objects):
    assert "cluster_ca cannot be read" in run(objects, cluster_ca="garbage")["msg"]


def test_clients_of_etcd(run, objects, cas):
    """A line each, each CA of servers once, and nothing of Typha's where there is none."""
    etcd, server = cas["other"], cas["typha"]

    def triple(name, servers=server[0], days=365):
        pems = (servers, *oracle.make_leaf(name, etcd, "clientAuth", days=days))
        body = {"metadata": {}, "data": {}}
        for key, pem in zip(("etcd-ca", "etcd-cert", "etcd-key"), pems):
            body["data"][key] = base64.b64encode(pem.encode()).decode()
        return body

    secrets = PLACE + "secrets/"
    mismatched = triple("calicoctl")
    mismatched["data"]["etcd-key"] = triple("calicoctl")["data"]["etcd-key"]
    there = {
        SECRET: objects[SECRET],
        secrets + "calico-etcd-secrets": triple("calico-node"),
        secrets + "mine": triple("calico-cni", server[0] + etcd[0]),
        secrets + "calico-etcd-kube-controllers": triple("calico-kube-controllers", days=5),
        secrets + "calico-etcd-calicoctl": mismatched,
    }
    everybody = ["node", "cni", "kube_controllers", "calicoctl", "collection"]
    options = {"typha": False, "least_days": 21, "etcd_secrets": {"cni": "mine"}}
    result = run(there, etcd_consumers=everybody, **options)
    assert [(one["what"], one["status"], one["where"]) for one in result["certificates"]] == [
        ("etcd client node", "ok", "Secret kube-system/calico-etcd-secrets etcd-cert"),
        ("etcd client cni", "ok", "Secret kube-system/mine etcd-cert"),
        ("etcd client kube_controllers", "ending",
         "Secret kube-system/calico-etcd-kube-controllers etcd-cert"),
        ("etcd client calicoctl", "broken", "Secret kube-system/calico-etcd-calicoctl etcd-cert"),
        ("etcd client collection", "missing", "Secret kube-system/calico-etcd-collection etcd-cert"),
        ("CA of etcd's servers", "ok", "Secret kube-system/calico-etcd-secrets etcd-ca"),
        ("CA of etcd's servers", "ok", "Secret kube-system/mine etcd-ca, 2 of 2"),
        ("CNI user calico-cni", "ok", "Secret kube-system/calico-cni-credential tls.crt"),
    ]  # fmt: skip
    assert troubles(result)["etcd client calicoctl"] == "its key does not match its certificate"
    del there[SECRET]
    assert len(run(there, **options)["certificates"]) == 1, "nobody asked for etcd's clients"
