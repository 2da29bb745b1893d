# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""etcd_certificates against recorded API requests; openssl judges what it stores."""

from __future__ import annotations

import base64
import json

import openssl_oracle as oracle
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki import probe
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import CONSUMERS
from ansible_collections.hardway.calico.plugins.modules import etcd_certificates

SECRETS = "/api/v1/namespaces/kube-system/secrets"
KEYS = ("etcd-ca", "etcd-cert", "etcd-key")
NAMES = {
    "node": ("calico-etcd-secrets", "calico-node"),
    "cni": ("calico-etcd-cni", "calico-cni"),
    "kube_controllers": ("calico-etcd-kube-controllers", "calico-kube-controllers"),
    "calicoctl": ("calico-etcd-calicoctl", "calicoctl"),
    "collection": ("calico-etcd-collection", "hardway-calico"),
}
MEMBERS = ["https://10.0.0.1:2379", "https://10.0.0.2:2379"]


@pytest.fixture(scope="module")
def ca():
    return oracle.make_ca("etcd-ca")


@pytest.fixture(scope="module")
def new_ca():
    """Of the same name, as kubeadm makes it."""
    return oracle.make_ca("etcd-ca")


@pytest.fixture
def run(capsys, monkeypatch):
    def run_module(api, signer=None, check=False, **options):
        warned = []
        monkeypatch.setattr(etcd_certificates, "connect", lambda params: api)
        monkeypatch.setattr(
            etcd_certificates.AnsibleModule, "warn", lambda module, text: warned.append(text)
        )
        ca = {"ca_content": signer[0], "ca_key_content": signer[1]} if signer else {}
        given = {**ca, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(given), pytest.raises(SystemExit):
            etcd_certificates.main()
        out = capsys.readouterr().out
        result = json.loads(out)
        without = {key: value for key, value in result.items() if key != "content"}
        assert "PRIVATE KEY" not in json.dumps(without)
        assert options.get("return_content") or "content" not in result
        return {**result, "warned": warned}

    return run_module


def path(consumer):
    return "%s/%s" % (SECRETS, NAMES[consumer][0])


def stored(api, consumer):
    """(CAs of servers, certificate, key)."""
    data = api.objects[path(consumer)]["data"]
    return tuple(base64.b64decode(data[key]).decode() for key in KEYS)


def put(api, consumer, servers, certificate, key, labels=None, **more):
    texts = dict(zip(KEYS, (servers, certificate, key)))
    data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    metadata = {"name": NAMES[consumer][0], "namespace": "kube-system", "labels": labels or {}}
    body = {"metadata": {**metadata, "resourceVersion": "7"}, "type": "Opaque", "data": data}
    api.objects[path(consumer)] = {**body, **more}


def require_sound(api, ca, consumers=(), servers=None):
    for consumer in consumers or NAMES:
        cas, certificate, key = stored(api, consumer)
        oracle.verify(certificate, ca[0], "sslclient")
        oracle.verify(certificate, ca[0], "sslserver", fails=True)
        assert "Subject: CN=%s\n" % NAMES[consumer][1] in oracle.text(certificate)
        assert oracle.public_key(certificate=certificate) == oracle.public_key(key=key)
        assert cas.split() == (servers or ca[0]).split()


def done(result):
    assert "failed" not in result, result.get("msg")
    return [(action["action"], action["target"].rpartition(" ")[2]) for action in result["actions"]]


def test_the_table_is_the_one_that_roles_rely_on():
    assert {name: (about.secret, about.common_name) for name, about in CONSUMERS.items()} == NAMES


def test_issues_one_for_each(run, ca):
    api = RecordedApi()
    result = run(api, ca)
    require_sound(api, ca)
    assert done(result) == [("issue", name) for name in NAMES] and result["changed"]
    assert result["renewed"] == list(NAMES) and api.writes == [("POST", SECRETS)] * 5
    assert len({stored(api, name)[2] for name in NAMES}) == 5, "no key is shared"
    for name in NAMES:
        secret = api.objects[path(name)]
        assert secret["type"] == "Opaque" and set(secret["data"]) == set(KEYS)
        assert secret["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "hardway.calico"}
        about = result["certificates"][name]
        assert (about["secret"], about["subject"]) == (NAMES[name][0], "CN=" + NAMES[name][1])
        assert result["hashes"][name].split("-")[1] == about["fingerprint"][:16]
    assert len({one.split("-")[0] for one in result["hashes"].values()}) == 1
    assert result["rotation"]["phase"] == "none" and result["warned"] == []


def test_second_run_writes_nothing(run, ca):
    api = RecordedApi()
    first = run(api, ca)
    before = json.dumps(api.objects)
    api.requests.clear()
    result = run(api, ca, return_content=True)
    assert not result["changed"] and api.writes == [] and json.dumps(api.objects) == before
    assert result["hashes"] == first["hashes"] and len(api.requests) == 5
    assert set(yaml.safe_load(etcd_certificates.RETURN)) == set(result) - {
        "changed", "diff", "invocation", "warned",
    }  # fmt: skip


def test_without_a_ca_what_is_there_stays(run, ca):
    api = RecordedApi()
    run(api, ca)
    api.requests.clear()
    result = run(api)
    assert not result["changed"] and api.writes == [] and result["warned"] == []
    assert result["hashes"]["node"]


def test_content_is_returned_for_hosts_alone(run, ca):
    api = RecordedApi()
    for result in (run(api, ca, return_content=True), run(api, return_content=True)):
        assert set(result["content"]) == {"cni", "calicoctl", "collection"}
        for name, pems in result["content"].items():
            given = (pems["server_ca"], pems["client_certificate"], pems["client_key"])
            assert given == stored(api, name)
    alone = run(api, consumers=["calicoctl"], return_content=True)
    assert set(alone["content"]) == set(alone["hashes"]) == {"calicoctl"}


def test_check_mode_writes_nothing(run, ca):
    api = RecordedApi()
    result = run(api, ca, check=True, return_content=True)
    assert done(result) == [("issue", name) for name in NAMES]
    assert api.writes == [] and result["content"] == {} and set(result["hashes"].values()) == {""}


def test_a_trial_is_for_a_look_and_stored_nowhere(run, ca):
    api = RecordedApi()
    result = run(api, ca, check=True, return_content=True, trial=True, consumers=["collection"])
    assert api.writes == [] and list(result["content"]) == ["collection"]
    pems = result["content"]["collection"]
    certificate, key = pems["client_certificate"], pems["client_key"]
    oracle.verify(certificate, ca[0], "sslclient")
    assert pems["server_ca"].split() == ca[0].split()
    assert "Subject: CN=hardway-calico\n" in oracle.text(certificate)
    assert oracle.public_key(certificate=certificate) == oracle.public_key(key=key)
    # It ends within two hours.
    oracle.openssl("x509", "-noout", "-checkend", 7200, content=certificate, fails=True)
    # Who holds one gets no trial, and nobody without the key of a CA.
    run(api, ca)
    again = run(api, ca, check=True, return_content=True, trial=True)
    assert again["content"]["collection"]["client_certificate"] == stored(api, "collection")[1]
    nothing = run(
        RecordedApi(), check=True, return_content=True, trial=True, server_ca_content=ca[0]
    )
    assert "ca_content" in nothing["msg"]


def test_only_the_one_in_need_is_renewed(run, ca):
    api = RecordedApi()
    run(api, ca)
    before = {name: stored(api, name) for name in NAMES}
    short = oracle.make_leaf("calico-cni", ca, "clientAuth", days=3)
    put(api, "cni", ca[0], short[0], before["cni"][2])
    api.objects[path("cni")]["metadata"]["labels"] = {
        "app.kubernetes.io/managed-by": "hardway.calico"
    }
    result = run(api, ca)
    assert done(result) == [("renew", "cni")] and result["renewed"] == ["cni"]
    assert result["actions"][0]["reason"] == "its key does not match its certificate"
    assert {name for name in NAMES if stored(api, name) != before[name]} == {"cni"}
    require_sound(api, ca)


def test_force_renews_and_says_so(run, ca):
    api = RecordedApi()
    run(api, ca)
    before = stored(api, "calicoctl")
    result = run(api, ca, consumers=["calicoctl"], force=True)
    assert [action["reason"] for action in result["actions"]] == ["force asks for it"]
    assert stored(api, "calicoctl")[2] != before[2]
    require_sound(api, ca)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key_type": "RSA", "key_size": 2048}, "Public-Key: (2048 bit)"),
        ({"key_size": 384}, "ASN1 OID: secp384r1"),
    ],
)
def test_key_types(run, ca, options, words):
    api = RecordedApi()
    run(api, ca, consumers=["cni"])
    assert run(api, consumers=["cni"], **options)["changed"] is False, "nobody could issue another"
    assert run(api, ca, consumers=["cni"], **options)["actions"][0]["reason"].startswith("its key")
    assert words in oracle.text(stored(api, "cni")[1])
    assert not run(api, ca, consumers=["cni"], **options)["changed"]


def test_names_are_options(run, ca):
    api = RecordedApi()
    names = {"secrets": {"cni": "other"}, "common_names": {"cni": "somebody"}}
    run(api, ca, consumers=["node", "cni"], **names)
    assert set(api.objects) == {path("node"), SECRETS + "/other"}
    leaf = base64.b64decode(api.objects[SECRETS + "/other"]["data"]["etcd-cert"]).decode()
    assert "Subject: CN=somebody\n" in oracle.text(leaf)


# ---- nothing that could issue ----


def test_nothing_held_and_nothing_handed_in(run):
    api = RecordedApi()
    result = run(api)
    assert result["failed"] and "calicoctl: it does not exist" in result["msg"]
    assert "/etc/kubernetes/pki/etcd/ca.crt" in result["msg"] and api.writes == []


def test_a_renewal_that_is_due_without_a_key(run, ca):
    api = RecordedApi()
    run(api, ca)
    leaf = oracle.make_leaf("calico-cni", ca, "clientAuth", days=20)
    api.objects[path("cni")]["data"].update(
        {key: base64.b64encode(pem.encode()).decode() for key, pem in zip(KEYS[1:], leaf)}
    )
    # 20 days are less than a third of nothing: the window of so short a one is 6 days.
    assert run(api)["warned"] == []
    old = oracle.make_leaf("calico-cni", ca, "clientAuth", days=0)
    api.objects[path("cni")]["data"].update(
        {key: base64.b64encode(pem.encode()).decode() for key, pem in zip(KEYS[1:], old)}
    )
    for options in ({}, {"ca_content": ca[0]}):
        result = run(api, **options)
        assert result["failed"] and "cni: it expired on " in result["msg"]
        assert "hand in ca_content with ca_key_content" in result["msg"]
    assert run(api, ca)["renewed"] == ["cni"]


# ---- what was handed in ----


def test_given_certificates(run, ca):
    api = RecordedApi()
    leaf = oracle.make_leaf("calico-cni", ca, "clientAuth", days=100)
    given = {"cni": {"certificate_content": leaf[0], "key_content": leaf[1]}}
    options = {"consumers": ["cni"], "certificates": given, "ca_content": ca[0]}
    assert done(run(api, **options)) == [("issue", "cni")] and stored(api, "cni")[1:] == leaf
    api.requests.clear()
    assert not run(api, **options)["changed"] and api.writes == []
    next_one = oracle.make_leaf("calico-cni", ca, "clientAuth")
    given["cni"] = {"certificate_content": next_one[0], "key_content": next_one[1]}
    result = run(api, **options)
    assert result["actions"][0]["reason"] == "another one was handed in"
    assert stored(api, "cni")[1:] == next_one


def test_given_ones_beside_issued_ones(run, ca):
    api = RecordedApi()
    leaf = oracle.make_leaf("calico-cni", ca, "clientAuth")
    given = {"cni": {"certificate_content": leaf[0], "key_content": leaf[1]}}
    run(api, ca, certificates=given)
    assert stored(api, "cni")[1:] == leaf
    require_sound(api, ca)
    api.requests.clear()
    assert not run(api, ca, certificates=given)["changed"] and api.writes == []


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("other key", "its key does not match"),
        ("other CA", "signed by another CA"),
        ("server", "its extended key usage is serverAuth"),
        ("expired", "it expired on"),
        ("other name", "its CN is somebody, wanted calico-cni"),
        ("garbage", "its certificate is not PEM"),
        ("SHA-1", "signed with SHA-1"),
    ],
)
def test_given_certificates_that_etcd_would_refuse(run, ca, harm, words):
    good = oracle.make_leaf("calico-cni", ca, "clientAuth")
    leaf = {
        "other key": lambda: (good[0], oracle.make_key()),
        "other CA": lambda: oracle.make_leaf("calico-cni", oracle.make_ca("etcd-ca"), "clientAuth"),
        "server": lambda: oracle.make_leaf("calico-cni", ca, "serverAuth"),
        "expired": lambda: oracle.make_leaf("calico-cni", ca, "clientAuth", days=0),
        "other name": lambda: oracle.make_leaf("somebody", ca, "clientAuth"),
        "garbage": lambda: ("garbage", good[1]),
        "SHA-1": lambda: oracle.make_leaf("calico-cni", ca, "clientAuth", digest="sha1"),
    }[harm]()
    api = RecordedApi()
    given = {"cni": {"certificate_content": leaf[0], "key_content": leaf[1]}}
    result = run(api, consumers=["cni"], certificates=given, ca_content=ca[0])
    assert result["failed"] and words in result["msg"] and "for cni" in result["msg"]
    assert api.requests == []


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("given", ["certificate", "CA"])
def test_what_a_refused_ca_has_signed_is_refused(run, ca, new_ca, given, below):
    """Whoever that CA lets in would be let in with it, directly or by a CA between."""
    signer = oracle.make_intermediate("between", ca) if below else ca
    handed, options = signer, {"server_ca_content": new_ca[0], "consumers": ["cni"]}
    if given == "certificate":
        leaf = oracle.make_leaf("calico-cni", signer, "clientAuth")
        pems = {"certificate_content": leaf[0] + signer[0], "key_content": leaf[1]}
        handed, options = None, {**options, "certificates": {"cni": pems}}
        options["ca_content"] = signer[0] + ca[0]
    api = RecordedApi()
    result = run(api, handed, refused_ca_content=new_ca[0] + ca[0], **options)
    assert result["failed"] and api.requests == []
    for words in ("refused_ca_content", "CN=etcd-ca", "Remedy", "calico_etcd_is_kubernetes"):
        assert words in result["msg"], result["msg"]
    assert ("cni" in result["msg"]) is (given == "certificate")
    # Of the same name, as kubeadm's always is, but another CA.
    assert run(api, handed, refused_ca_content=new_ca[0], **options)["renewed"] == ["cni"]


@pytest.mark.parametrize("harm", ["other key", "garbage", "leaf", "expired", "key alone"])
def test_a_ca_that_cannot_issue(run, ca, harm):
    files = {
        "other key": lambda: (ca[0], oracle.make_key()),
        "garbage": lambda: ("garbage", ca[1]),
        "leaf": lambda: oracle.make_leaf("etcd-ca", ca, "clientAuth"),
        "expired": lambda: oracle.make_leaf("etcd-ca", ca, "ca", days=0),
        "key alone": lambda: (None, ca[1]),
    }[harm]()
    api = RecordedApi()
    result = run(api, files)
    assert result["failed"] and "ca_content" in result["msg"] and api.writes == []


@pytest.mark.parametrize(
    "options",
    [
        {"leaf_lifetime_days": 0},
        {"renewal_days": 365},
        {"backdate_minutes": -1},
        {"key_size": 100},
        {"common_names": {"cni": ""}},
        {"common_names": {"cni": "x" * 65}},
        {"common_names": {"cni": "ü" * 40}},
        {"common_names": {"cni": "a\nb"}},
        {"common_names": {"cni": " "}},
        {"common_names": {"cni": "calico-cni "}},
        {"common_names": {"cni": "root"}},
        {"common_names": {"cni": "calico-node"}},
        {"common_names": {"cni": "one", "node": "one"}},
        {"secrets": {"cni": "Not_a_name"}},
        {"secrets": {"cni": "calico-etcd-calicoctl"}},
        {"endpoints": ["http://10.0.0.1:2379"]},
        {"endpoints": ["10.0.0.1"]},
        {"endpoints": ["https://10.0.0.1"], "discovery_srv": "example.com"},
        {"server_ca_content": "garbage"},
        {"refused_ca_content": "garbage"},
    ],
)
def test_senseless_options_are_refused_before_anything_is_asked(run, ca, options):
    api = RecordedApi()
    result = run(api, ca, **options)
    assert result["failed"] and "Expected" in result["msg"] and api.requests == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ü" * 40, "80 bytes"),
        ("a\nb", r"'a\nb'"),
        ("root", "may do everything"),
        ("calico-node", "node"),
    ],
)
def test_a_refused_cn_is_told(run, ca, name, words):
    result = run(RecordedApi(), ca, common_names={"cni": name})
    assert words in result["msg"] and "cni" in result["msg"], result["msg"]


@pytest.mark.parametrize("name", ["ü" * 32, "Calico's CNI, rack=4", "x" * 64])
def test_a_cn_that_x509_allows(run, ca, name):
    api = RecordedApi()
    assert run(api, ca, consumers=["cni"], common_names={"cni": name})["renewed"] == ["cni"]
    assert not run(api, ca, consumers=["cni"], common_names={"cni": name})["changed"]


def test_a_client_that_is_off_may_have_anothers_cn(run, ca):
    names = {"kube_controllers": "calico-node"}
    assert run(RecordedApi(), ca, consumers=["node", "cni"], common_names=names)["changed"]


def test_a_leaf_as_ca_of_servers(run, ca):
    leaf = oracle.make_leaf("member", ca, "serverAuth")[0]
    assert "no CA's certificate" in run(RecordedApi(), ca, server_ca_content=leaf)["msg"]


def test_an_intermediate_ca_follows_the_leaf(run, ca):
    below = oracle.make_intermediate("Calico's clients", ca)
    api = RecordedApi()
    both = (below[0] + ca[0], below[1])
    run(api, both, consumers=["cni"], server_ca_content=ca[0])
    servers, certificate, _key = stored(api, "cni")
    assert servers.split() == ca[0].split() and certificate.count("BEGIN CERTIFICATE") == 2
    oracle.verify(certificate, ca[0], "sslclient", untrusted=certificate)
    assert not run(api, both, consumers=["cni"], server_ca_content=ca[0])["changed"]


# ---- what somebody else put there ----


def test_a_strangers_triple_is_taken_over(run, ca):
    """The guide's one key for all: calico-etcd-secrets with a certificate of the CA that clients are known by."""
    api = RecordedApi()
    leaf = oracle.make_leaf("calico-node", ca, "clientAuth")
    put(api, "node", ca[0], *leaf, labels={"mine": "stays"})
    before = json.dumps(api.objects)
    assert not run(api, ca, consumers=["node"])["changed"] and json.dumps(api.objects) == before
    due = oracle.make_leaf("calico-node", ca, "clientAuth", days=0)
    put(api, "node", ca[0], *due, labels={"mine": "stays"})
    api.objects[path("node")]["data"]["more"] = "c3RheXM="
    result = run(api, ca, consumers=["node"])
    assert "it expired on" in result["actions"][0]["reason"]
    require_sound(api, ca, ["node"])
    secret = api.objects[path("node")]
    assert secret["data"]["more"] == "c3RheXM=" and secret["metadata"]["labels"]["mine"] == "stays"
    assert secret["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "hardway.calico"


def test_a_strangers_certificate_of_another_name_is_not_rewritten(run, ca):
    """Somebody else uses it, under a name that etcd may have given rights to."""
    api = RecordedApi()
    put(api, "node", ca[0], *oracle.make_leaf("etcd-client", ca, "clientAuth"))
    before = json.dumps(api.objects)
    for check in (True, False):
        result = run(api, ca, check=check)
        assert result["failed"] and json.dumps(api.objects) == before
        for words in (
            "calico-etcd-secrets: its CN is etcd-client, wanted calico-node",
            "Expected",
            "calico_etcd_common_names",
            "delete",
        ):
            assert words in result["msg"], result["msg"]
    assert not run(api, ca, consumers=["node"], common_names={"node": "etcd-client"})["changed"]
    assert json.dumps(api.objects) == before
    assert run(api, ca, consumers=["node"], force=True)["renewed"] == ["node"]
    # From here on it is ours, and follows what is wanted.
    assert run(api, ca, consumers=["node"], common_names={"node": "other"})["renewed"] == ["node"]


def test_a_secret_for_something_else_is_not_filled(run, ca):
    api = RecordedApi()
    put(api, "cni", "", "", "")
    api.objects[path("cni")]["data"] = {"tls.crt": "eA==", "tls.key": "eA=="}
    before = json.dumps(api.objects)
    result = run(api, ca)
    assert result["failed"] and "it holds tls.crt, tls.key" in result["msg"]
    assert json.dumps(api.objects) == before


@pytest.mark.parametrize("data", [None, {}, {"etcd-ca": "", "etcd-cert": "", "etcd-key": ""}])
def test_the_manifests_empty_secret_is_filled(run, ca, data):
    api = RecordedApi()
    put(api, "node", "", "", "", data=data)
    assert done(run(api, ca, consumers=["node"])) == [("issue", "node")]
    require_sound(api, ca, ["node"])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("half", "its key is missing"),
        ("garbage", "its certificate is not PEM"),
        ("other key", "its key does not match its certificate"),
        ("server", "its extended key usage is serverAuth"),
        ("without CA", "it holds no CA of etcd's servers"),
    ],
)
def test_what_is_no_triple_is_refused(run, ca, harm, words):
    leaf = oracle.make_leaf("calico-node", ca, "clientAuth")
    pems = {
        "half": (ca[0], leaf[0], ""),
        "garbage": (ca[0], "garbage", leaf[1]),
        "other key": (ca[0], leaf[0], oracle.make_key()),
        "server": (ca[0], *oracle.make_leaf("calico-node", ca, "serverAuth")),
        "without CA": ("", *leaf),
    }[harm]
    api = RecordedApi()
    put(api, "node", *pems)
    result = run(api, ca)
    assert result["failed"] and "calico-etcd-secrets: " in result["msg"] and words in result["msg"]
    assert api.writes == [], "not even the others' Secrets"
    assert "failed" not in run(api, ca, force=True)
    require_sound(api, ca)


# ---- the CA of clients is replaced ----


def test_a_new_ca_waits_for_the_users_word(run, ca, new_ca):
    api = RecordedApi()
    run(api, ca, server_ca_content=ca[0])
    before = json.dumps(api.objects)
    api.requests.clear()
    result = run(api, new_ca, server_ca_content=ca[0])
    assert not result["changed"] and api.writes == [] and json.dumps(api.objects) == before
    assert result["rotation"]["phase"] == "introduce"
    assert result["rotation"]["waiting"] == list(NAMES) and len(result["warned"]) == 1
    assert result["warned"][0].endswith("Not yet: nobody was asked, since no endpoints were named")
    wanted, old = result["rotation"]["client_cas"]
    assert wanted["subject"] == old["subject"] == "CN=etcd-ca"
    assert wanted["fingerprint"] and not old["fingerprint"]
    assert wanted["consumers"] == [] and old["consumers"] == list(NAMES)
    switched = run(api, new_ca, server_ca_content=ca[0], ca_is_trusted=True)
    assert switched["rotation"]["phase"] == "switch" and switched["renewed"] == list(NAMES)
    assert [one["consumers"] for one in switched["rotation"]["client_cas"]] == [list(NAMES)]
    require_sound(api, new_ca, servers=ca[0])
    api.requests.clear()
    again = run(api, new_ca, server_ca_content=ca[0])
    assert not again["changed"] and api.writes == [] and again["rotation"]["phase"] == "none"


@pytest.mark.parametrize(
    ("answers", "phase"),
    [
        ([None, None], "switch"),
        (["it refused the certificate: TLSV1_ALERT_UNKNOWN_CA", None], "introduce"),
        ([None, "it cannot be reached: timed out"], "introduce"),
    ],
)
def test_members_are_asked(run, ca, new_ca, monkeypatch, answers, phase):
    api, asked = RecordedApi(), []
    run(api, ca, server_ca_content=ca[0])

    def stand_in(endpoints, servers, pair):
        asked.append((servers, pair))
        return dict(zip(map(str, endpoints), answers))

    monkeypatch.setattr(probe, "answers_of", stand_in)
    run(api, ca, server_ca_content=ca[0], endpoints=MEMBERS)
    assert asked == [], "nobody is asked without need"
    result = run(api, new_ca, server_ca_content=ca[0], endpoints=MEMBERS)
    assert result["rotation"]["phase"] == phase and len(asked) == 1
    refused = {url: words for url, words in zip(MEMBERS, answers) if words}
    assert result["rotation"]["refused_by"] == refused
    told = "; ".join("%s: %s" % item for item in refused.items())
    assert [words.partition(" Not yet: ")[2] for words in result["warned"]] == [told][
        : len(refused)
    ]
    assert result["changed"] is (phase == "switch")
    servers, (certificate, key) = asked[0]
    assert servers.split() == ca[0].split()
    oracle.verify(certificate, new_ca[0], "sslclient")
    assert oracle.public_key(certificate=certificate) == oracle.public_key(key=key)
    require_sound(api, new_ca if phase == "switch" else ca, servers=ca[0])


def test_members_are_found_by_srv_records_when_they_are_asked(run, ca, new_ca, monkeypatch):
    api, found = RecordedApi(), []
    options = {"consumers": ["cni"], "server_ca_content": ca[0], "discovery_srv": "example.com"}
    monkeypatch.setattr(probe.discovery, "members", lambda domain: found.append(domain) or MEMBERS)
    monkeypatch.setattr(
        probe, "answers_of", lambda members, *about: dict.fromkeys(map(str, members))
    )
    run(api, ca, **options)
    assert found == []
    assert run(api, new_ca, **options)["rotation"]["phase"] == "switch" and found == ["example.com"]
    monkeypatch.setattr(probe.discovery, "members", lambda domain: ["http://10.0.0.1:2379"])
    assert "discovery_srv: etcd's members are reached without TLS" in run(api, ca, **options)["msg"]


def test_a_handed_in_certificate_of_a_new_ca_waits_as_well(run, ca, new_ca, monkeypatch):
    api = RecordedApi()
    run(api, ca, consumers=["cni"])
    leaf = oracle.make_leaf("calico-cni", new_ca, "clientAuth")
    given = {"cni": {"certificate_content": leaf[0], "key_content": leaf[1]}}
    options = {
        "consumers": ["cni"], "certificates": given, "ca_content": new_ca[0],
        "server_ca_content": ca[0], "endpoints": MEMBERS,
    }  # fmt: skip
    monkeypatch.setattr(probe, "answers_of", lambda *about: dict.fromkeys(MEMBERS, "no"))
    assert not run(api, **options)["changed"] and stored(api, "cni")[1:] != leaf
    tried = []
    monkeypatch.setattr(
        probe, "answers_of", lambda *about: tried.append(about[2]) or dict.fromkeys(MEMBERS)
    )
    assert run(api, **options)["changed"] and stored(api, "cni")[1:] == leaf and tried == [leaf]


def test_what_works_for_nobody_waits_for_nobody(run, ca, new_ca):
    api = RecordedApi()
    run(api, ca, server_ca_content=ca[0])
    ended = oracle.make_leaf("calico-cni", ca, "clientAuth", days=0)
    api.objects[path("cni")]["data"].update(
        {key: base64.b64encode(pem.encode()).decode() for key, pem in zip(KEYS[1:], ended)}
    )
    result = run(api, new_ca, server_ca_content=ca[0])
    assert result["renewed"] == ["cni"] and result["rotation"]["phase"] == "introduce"


def test_the_old_ca_beside_the_new_one_is_still_the_old_one(run, ca, new_ca):
    """As the file of CAs that members trust holds them."""
    api = RecordedApi()
    run(api, ca, server_ca_content=ca[0])
    both = (new_ca[0] + ca[0], new_ca[1])
    assert run(api, both, server_ca_content=ca[0])["rotation"]["phase"] == "introduce"
    switched = run(api, both, server_ca_content=ca[0], ca_is_trusted=True)
    assert switched["rotation"]["phase"] == "switch"
    require_sound(api, new_ca, servers=ca[0])
    assert stored(api, "cni")[1].count("BEGIN CERTIFICATE") == 1
    assert not run(api, both, server_ca_content=ca[0])["changed"]


def test_a_ca_that_was_renewed_with_its_key_is_the_same(run, ca, tmp_path):
    """kubeadm's CA, signed again for another ten years."""
    api = RecordedApi()
    run(api, ca)
    for name, pem in zip(("ca.crt", "ca.key"), ca):
        (tmp_path / name).write_text(pem)
    again = oracle.openssl(
        "x509", "-in", tmp_path / "ca.crt", "-signkey", tmp_path / "ca.key", "-days", 9000
    )
    result = run(api, (again, ca[1]), server_ca_content=ca[0])
    assert not result["changed"] and result["rotation"]["phase"] == "none"


# ---- the CAs of servers ----


def test_servers_cas_overlap_until_the_old_one_is_dropped(run, ca, new_ca):
    api = RecordedApi()
    first = run(api, ca)
    leaves = {name: stored(api, name)[1:] for name in NAMES}
    result = run(api, ca, server_ca_content=new_ca[0])
    assert done(result) == [("trust", name) for name in NAMES] and result["renewed"] == []
    both = new_ca[0] + ca[0]
    require_sound(api, ca, servers=both)
    assert {name: stored(api, name)[1:] for name in NAMES} == leaves
    assert len(result["rotation"]["old_server_cas"]) == 1
    for name in NAMES:
        assert result["hashes"][name] != first["hashes"][name]
    api.requests.clear()
    assert not run(api, ca, server_ca_content=new_ca[0])["changed"] and api.writes == []
    assert not run(api)["changed"], "nor is anything dropped by a run that names no CA"
    assert not run(api, ca, server_ca_content=both)["changed"]
    dropped = run(api, ca, server_ca_content=new_ca[0], drop_old_server_cas=True)
    assert {action["reason"] for action in dropped["actions"]} == {
        "it trusts a CA of etcd's servers that is dropped or has ended"
    }
    require_sound(api, ca, servers=new_ca[0])
    assert dropped["rotation"]["old_server_cas"] == []


def test_both_sides_at_once(run, ca, new_ca):
    """kubeadm has one CA for both: clients trust old and new while their own certificates wait."""
    api = RecordedApi()
    run(api, ca)
    result = run(api, new_ca)
    assert done(result) == [("trust", name) for name in NAMES]
    assert result["rotation"]["phase"] == "introduce"
    require_sound(api, ca, servers=new_ca[0] + ca[0])
    assert run(api, new_ca, ca_is_trusted=True)["rotation"]["phase"] == "switch"
    require_sound(api, new_ca, servers=new_ca[0] + ca[0])
    run(api, new_ca, drop_old_server_cas=True)
    require_sound(api, new_ca)


# ---- killed runs and two runs at once, at every write ----


def beginning(ca, new_ca, run):
    """One that is broken, one that is missing, and others whose servers' CA changes."""
    api = RecordedApi()
    run(api, ca)
    api.objects[path("cni")]["data"]["etcd-cert"] = ""
    del api.objects[path("calicoctl")]
    return api, {"server_ca_content": new_ca[0]}


def require_whole(api):
    for name in NAMES:
        if path(name) in api.objects:
            _servers, certificate, key = stored(api, name)
            pair = oracle.public_key(certificate=certificate) if certificate else None
            assert name == "cni" and not certificate or pair == oracle.public_key(key=key)


@pytest.mark.parametrize("writes", range(5))
def test_killed_between_any_two_writes(run, ca, new_ca, monkeypatch, writes):
    api, options = beginning(ca, new_ca, run)
    api.requests.clear()
    api._die_after_writes = writes
    given = {"ca_content": ca[0], "ca_key_content": ca[1], **options}
    with patch_module_args(given), pytest.raises(KeyboardInterrupt):
        etcd_certificates.main()
    api._die_after_writes = None
    assert len(api.writes) == writes
    require_whole(api)
    assert len(done(run(api, ca, **options))) == 5 - writes
    require_sound(api, ca, servers=new_ca[0] + ca[0])
    api.requests.clear()
    assert not run(api, ca, **options)["changed"] and api.writes == []


@pytest.mark.parametrize("writes", range(5))
def test_two_runs_at_once_at_each_write(run, ca, new_ca, writes):
    api, options = beginning(ca, new_ca, run)
    api.requests.clear()
    other = RecordedApi()
    other.objects, other._versions = api.objects, api._versions
    theirs = {}

    def meanwhile():
        if len(api.writes) == writes and not theirs:
            theirs["msg"] = None
            theirs.update(run(other, ca, **options))

    for name in ("create", "replace"):
        real = getattr(api, name)

        def first(*arguments, real=real):
            meanwhile()
            return real(*arguments)

        setattr(api, name, first)
    ours = run(api, ca, **options)
    for name in ("create", "replace"):
        delattr(api, name)
    assert "another run" in ours["msg"] and "un again" in ours["msg"]
    assert "failed" not in theirs
    after = json.dumps(api.objects)
    require_sound(api, ca, servers=new_ca[0] + ca[0])
    api.requests.clear()
    assert not run(api, ca, **options)["changed"] and json.dumps(api.objects) == after


# ---- handshakes ----


def test_handshakes_during_a_rotation(run, ca, new_ca):
    """openssl plays a member: before, with both CAs, and with the new one alone."""
    api = RecordedApi()
    server = oracle.make_leaf("member", ca, "serverAuth")

    def talks(trusted, consumer="cni"):
        cas, certificate, key = stored(api, consumer)
        return oracle.handshake((*server, trusted), (certificate, key, cas))

    run(api, ca, consumers=["cni"])
    assert talks(ca[0]) and not talks(new_ca[0])
    run(api, new_ca, consumers=["cni"], server_ca_content=ca[0])
    assert talks(ca[0]) and talks(ca[0] + new_ca[0])
    run(api, new_ca, consumers=["cni"], server_ca_content=ca[0], ca_is_trusted=True)
    assert talks(ca[0] + new_ca[0]) and talks(new_ca[0]) and not talks(ca[0])


@pytest.mark.parametrize(
    "certificates",
    [
        {"kube-controllers": {"certificate_content": "C", "key_content": "VAULTED"}},
        {"node": {"certificate_content": "C", "key": "VAULTED"}},
    ],
)
def test_a_key_under_a_misspelt_name_is_not_shown(run, certificates):
    result = run(RecordedApi(), server_ca_content="x", certificates=certificates)
    assert result["failed"]
    assert "VAULTED" not in json.dumps(result)
