# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_credential against recorded API requests; openssl plays the cluster's signer."""

from __future__ import annotations

import base64
import itertools
import json

import openssl_oracle as oracle
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential import issue as issuer
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.modules import cni_credential

SECRETS = "/api/v1/namespaces/kube-system/secrets"
SECRET = SECRETS + "/calico-cni-credential"
PUBLISHED = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"


@pytest.fixture(scope="module")
def ca():
    return oracle.make_ca("kubernetes")


class Cluster(RecordedApi):
    """Signs approved requests.

    signer: (certificate, key), or None for a cluster whose signer is off; days: what it grants.
    """

    def __init__(self, signer, days=365, objects=None, condition=None):
        super().__init__(objects)
        self.signer, self.days, self.condition = signer, days, condition
        self.requested = []

    def replace(self, path, body):
        if not path.endswith("/approval"):
            return super().replace(path, body)
        name = path.removesuffix("/approval")
        if name not in self.objects:
            raise CalicoError(
                "The API server refused PUT %s" % path,
                found="404, not found",
                remedy="install what serves this path first",
                status=404,
            )
        self.requested.append(body)
        status = dict(body["status"])
        if self.condition:
            status["conditions"] = [*status["conditions"], self.condition]
        elif self.signer:
            request = base64.b64decode(body["spec"]["request"]).decode()
            status["certificate"] = base64.b64encode(
                oracle.sign(request, self.signer, "clientAuth", self.days).encode()
            ).decode()
        return self._write("PUT", path, name, {**body, "status": status})

    @property
    def left(self):
        return [path for path in self.objects if path.startswith(issuer.CSRS)]


@pytest.fixture
def run(capsys, monkeypatch, ca):
    def run_module(api, check=False, **options):
        monkeypatch.setattr(cni_credential, "connect", lambda params: api)
        monkeypatch.setattr(issuer, "POLL_SECONDS", 0.01)
        given = {
            "cluster_ca": ca[0],
            "timeout": 1,
            **options,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        with patch_module_args(given), pytest.raises(SystemExit):
            cni_credential.main()
        out = capsys.readouterr().out
        assert options.get("return_content") or "PRIVATE KEY" not in out
        return json.loads(out)

    return run_module


def stored(api):
    return tuple(
        base64.b64decode(api.objects[SECRET]["data"][key]).decode()
        for key in ("tls.crt", "tls.key")
    )


def require_sound(api, ca, user="calico-cni"):
    certificate, key = stored(api)
    oracle.verify(certificate, ca[0], "sslclient")
    assert "Subject: CN=%s\n" % user in oracle.text(certificate) and oracle.public_key(
        certificate=certificate
    ) == oracle.public_key(key=key)


def by_files(ca):
    return {"method": "ca", "ca_cert_content": ca[0], "ca_key_content": ca[1]}


def test_issues_through_the_csr_api(run, ca):
    api = Cluster(ca)
    result = run(api)
    require_sound(api, ca)
    assert (
        result["changed"]
        and [action["action"] for action in result["actions"]] == ["issue"]
        and "client_key" not in result
    )
    spec = api.requested[0]["spec"]
    assert (spec["signerName"], spec["usages"], spec["expirationSeconds"]) == (
        "kubernetes.io/kube-apiserver-client",
        ["client auth"],
        365 * 86400,
    )
    assert (
        api.left == []
        and api.objects[SECRET]["type"] == "kubernetes.io/tls"
        and [verb for verb, path in api.writes if path == SECRETS] == ["POST"]
    )


def test_issues_with_the_ca_files(run, ca):
    api = Cluster(None)
    result = run(api, user="calico-cni-2", **by_files(ca))
    require_sound(api, ca, "calico-cni-2")
    assert result["changed"] and api.writes == [("POST", SECRETS)]


def test_second_run_writes_nothing_and_returns_the_content(run, ca):
    api = Cluster(ca)
    run(api)
    api.requests.clear()
    result = run(api, return_content=True)
    assert (
        not result["changed"]
        and api.writes == []
        and (result["client_certificate"], result["client_key"]) == stored(api)
    )
    assert set(yaml.safe_load(cni_credential.RETURN)) - {"credentials"} == set(result) - {
        "changed",
        "invocation",
        "warnings",
        "diff",
    }


def test_check_mode_writes_nothing(run, ca):
    api = Cluster(ca)
    result = run(api, check=True, return_content=True)
    assert (
        result["changed"]
        and api.writes == []
        and api.objects == {}
        and "client_key" not in result
        and "certificate" not in result
    )


def test_first_run_returns_the_content(run, ca):
    api = Cluster(ca)
    result = run(api, return_content=True)
    assert (result["client_certificate"], result["client_key"]) == stored(api)
    assert "PRIVATE KEY" not in json.dumps(
        {key: value for key, value in result.items() if key != "client_key"}
    )


@pytest.mark.parametrize("writes", range(4))
def test_killed_run_converges(run, ca, writes):
    api = Cluster(ca)
    api._die_after_writes = writes
    with (
        patch_module_args({"cluster_ca": ca[0]}),
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(KeyboardInterrupt),
    ):
        patch.setattr(cni_credential, "connect", lambda params: api)
        # A killed process cleans nothing up.
        patch.setattr(api, "delete", lambda path, uid=None: api.requests.append(("DELETE", path)))
        cni_credential.main()
    api._die_after_writes = None
    assert SECRET not in api.objects
    assert run(api)["changed"]
    require_sound(api, ca)
    assert api.left == [], "what the killed run left behind is removed"
    assert not run(api)["changed"]


def test_signer_that_is_off(run):
    api = Cluster(None)
    message = run(api)["msg"]
    assert (
        "calico-cni-credential-" in message
        and "Approved" in message
        and "method ca" in message
        and "within 1 s" in message
    )
    assert api.left == [] and SECRET not in api.objects


def test_refusal_is_told_at_once(run, ca):
    api = Cluster(
        ca,
        condition={
            "type": "Failed",
            "status": "True",
            "reason": "SignerValidationFailure",
            "message": "not for you",
        },
    )
    assert "not for you" in run(api, timeout=600)["msg"] and api.left == []


def test_request_that_another_run_removed(run, ca):
    api = Cluster(None)
    real = api.get
    api.get = lambda path: None if path.startswith(issuer.CSRS) else real(path)
    message = run(api, timeout=600)["msg"]
    assert "was removed while it waited" in message and "run again" in message


def test_two_controllers_at_once(run, ca):
    api = Cluster(ca)
    real, calls = api.create, itertools.count()

    def create(path, body):
        if path == SECRETS and not next(calls):
            api.objects[SECRET] = {"metadata": {"resourceVersion": "1", "name": "theirs"}}
        return real(path, body)

    api.create = create
    result = run(api)
    assert (
        result["failed"]
        and "409" in result["msg"]
        and api.objects[SECRET]["metadata"]["name"] == "theirs"
        and api.left == []
    )


@pytest.mark.parametrize("harm", ["half", "garbage", "other user", "other CA", "ends"])
def test_bad_credential_is_replaced(run, ca, harm):
    api = Cluster(ca)
    run(api)
    whole = stored(api)
    pairs = {
        "half": (whole[0], ""),
        "garbage": ("garbage", whole[1]),
        "other user": oracle.make_leaf("somebody", ca, "clientAuth"),
        "other CA": oracle.make_leaf("calico-cni", oracle.make_ca("kubernetes"), "clientAuth"),
        "ends": oracle.make_leaf("calico-cni", ca, "clientAuth", days=0),
    }
    api.objects[SECRET]["data"] = {
        key: base64.b64encode(text.encode()).decode()
        for key, text in zip(("tls.crt", "tls.key"), pairs[harm])
    }
    result = run(api)
    assert [action["action"] for action in result["actions"]] == ["renew"], result
    require_sound(api, ca)
    assert not run(api)["changed"]


def test_signer_that_grants_less(run, ca):
    api = Cluster(ca, days=3)
    assert run(api)["changed"] and not run(api)["changed"]


def test_certificate_of_a_wrong_signer_is_not_stored(run, ca):
    api = Cluster(oracle.make_ca("another"))
    message = run(api)["msg"]
    assert (
        "signed by another CA" in message
        and "--client-ca-file" in message
        and SECRET not in api.objects
    )


def test_cluster_with_a_ca_for_clients_of_its_own(run):
    """As k3s and RKE2: the kubeconfig's CA signs servers only, the API server publishes the other one."""
    clients = oracle.make_ca("client-ca")
    api = Cluster(
        clients,
        objects={
            PUBLISHED: {
                "metadata": {"name": "extension-apiserver-authentication"},
                "data": {"client-ca-file": clients[0]},
            }
        },
    )
    assert run(api)["changed"] and not run(api)["changed"]
    require_sound(api, clients)


@pytest.mark.parametrize(
    "options",
    [
        {"lifetime_days": 0},
        {"renewal_days": 0},
        {"renewal_days": 365},
        {"lifetime_days": 30},
        {"timeout": 0},
        {"key_size": 100},
        {"key_type": "RSA", "key_size": 256},
        {"secret": "x" * 64},
        {"nodes": ["Not_a_name"]},
        {"nodes": ["n" * 54]},
        {"user": ""},
        {"user": "x" * 65},
        {"cluster_ca": "garbage"},
    ],
)
def test_senseless_options_are_refused_before_anything_is_written(run, ca, options):
    api = Cluster(ca)
    result = run(api, **options)
    assert result["failed"] and "Expected" in result["msg"] and api.writes == []


@pytest.mark.parametrize("harm", ["other key", "garbage", "leaf"])
def test_ca_files_that_do_not_fit(run, ca, harm):
    files = {
        "other key": (ca[0], oracle.make_key()),
        "garbage": ("garbage", ca[1]),
        "leaf": oracle.make_leaf("kubernetes", ca, "clientAuth"),
    }[harm]
    api = Cluster(None)
    result = run(api, **by_files(files))
    assert result["failed"] and "CA files cannot be used" in result["msg"] and api.requests == []


# ---- a credential of its own for each node ----

NODES = ["cka001", "cka002", "cka003"]


def stored_of(api, node):
    return tuple(
        base64.b64decode(api.objects["%s-%s" % (SECRET, node)]["data"][key]).decode()
        for key in ("tls.crt", "tls.key")
    )


def test_each_node_gets_its_own(run, ca):
    api = Cluster(ca)
    result = run(api, nodes=NODES, return_content=True)
    assert result["changed"] and [action["target"] for action in result["actions"]] == [
        "client certificate of calico-cni:%s" % node for node in NODES
    ]
    for node in NODES:
        certificate, key = stored_of(api, node)
        oracle.verify(certificate, ca[0], "sslclient")
        assert "Subject: CN=calico-cni:%s\n" % node in oracle.text(
            certificate
        ) and oracle.public_key(certificate=certificate) == oracle.public_key(key=key)
        assert (
            result["credentials"][node]["client_certificate"],
            result["credentials"][node]["client_key"],
        ) == (certificate, key)
    assert (
        len({stored_of(api, node)[1] for node in NODES}) == 3
        and api.left == []
        and SECRET not in api.objects
    )
    assert (
        result["users"] == ["calico-cni:cka001", "calico-cni:cka002", "calico-cni:cka003"]
        and not result["shared"]
        and result["stored_nodes"] == NODES
    )
    api.requests.clear()
    again = run(api, nodes=NODES, return_content=True)
    assert (
        not again["changed"]
        and api.writes == []
        and again["credentials"] == result["credentials"]
        and len(api.requests) <= 4
    )


def test_only_the_node_in_need_is_renewed(run, ca):
    api = Cluster(ca)
    run(api, nodes=NODES)
    before = {node: stored_of(api, node) for node in NODES}
    other = oracle.make_leaf("calico-cni:cka002", ca, "clientAuth", days=3)[0]
    api.objects[SECRET + "-cka002"]["data"]["tls.crt"] = base64.b64encode(other.encode()).decode()
    result = run(api, nodes=NODES)
    assert [(action["action"], action["reason"]) for action in result["actions"]] == [
        ("renew", "its key does not match its certificate")
    ]
    assert {node for node in NODES if stored_of(api, node) != before[node]} == {"cka002"}


def test_nodes_that_are_neither_wanted_nor_kept_lose_theirs(run, ca):
    api = Cluster(ca)
    run(api, nodes=NODES)
    assert not run(api, nodes=["cka001"])["changed"], "without kept_nodes nothing is removed"
    checked = run(api, check=True, nodes=["cka001"], kept_nodes=["cka002"])
    assert checked["changed"] and SECRET + "-cka003" in api.objects
    result = run(api, nodes=["cka001"], kept_nodes=["cka002"])
    assert [(action["action"], action["target"]) for action in result["actions"]] == [
        ("delete", "client certificate of calico-cni:cka003")
    ]
    assert result["actions"] == checked["actions"] and result["users"] == checked["users"] == [
        "calico-cni:cka001",
        "calico-cni:cka002",
    ]
    assert SECRET + "-cka003" not in api.objects and SECRET + "-cka002" in api.objects


def test_the_other_scope_is_told_so_that_it_keeps_its_rights_meanwhile(run, ca):
    api = Cluster(ca)
    run(api)
    result = run(api, nodes=NODES)
    assert result["shared"] and result["users"] == ["calico-cni"] + [
        "calico-cni:%s" % node for node in NODES
    ]
    back = run(api)
    assert (
        not back["changed"] and back["stored_nodes"] == NODES and back["users"] == result["users"]
    )
    assert run(api, state="absent", nodes=NODES)["users"] == ["calico-cni"]


def test_absent_removes_the_secret_once(run, ca):
    api = Cluster(ca)
    run(api)
    assert (
        run(api, check=True, state="absent", cluster_ca=None)["changed"] and SECRET in api.objects
    )
    result = run(api, state="absent", cluster_ca=None)
    assert (
        [action["action"] for action in result["actions"]] == ["delete"]
        and SECRET not in api.objects
        and result["users"] == []
    )
    api.requests.clear()
    assert not run(api, state="absent", cluster_ca=None)["changed"] and api.writes == []


def test_force_renews_and_says_so(run, ca):
    api = Cluster(ca)
    run(api)
    before = stored(api)
    result = run(api, force=True)
    assert (
        result["actions"][0]["reason"] == "it is renewed on demand (force)"
        and stored(api)[1] != before[1]
    )
    require_sound(api, ca)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key_type": "RSA", "key_size": 2048}, "Public-Key: (2048 bit)"),
        ({"key_size": 384}, "ASN1 OID: secp384r1"),
    ],
)
def test_key_types(run, ca, options, words):
    api = Cluster(ca)
    run(api)
    result = run(api, **options)
    assert result["actions"][0]["reason"].startswith("its key is ECDSA 256, wanted ")
    assert words in oracle.text(stored(api)[0])
    require_sound(api, ca)
    assert not run(api, **options)["changed"]


def test_a_renewal_that_loses_against_another_run_says_so(run, ca):
    """Both read the same Secret; the other one has written it before this one does."""
    api = Cluster(ca)
    run(api)
    winner = oracle.make_leaf("calico-cni", ca, "clientAuth")
    real = api.replace

    def replace(path, body):
        if path == SECRET:
            api.objects[SECRET]["metadata"]["resourceVersion"] = "999"
            api.objects[SECRET]["data"] = {
                key: base64.b64encode(text.encode()).decode()
                for key, text in zip(("tls.crt", "tls.key"), winner)
            }
        return real(path, body)

    api.replace = replace
    result = run(api, force=True)
    assert (
        "kube-system/calico-cni-credential was written by another run" in result["msg"]
        and "run again" in result["msg"]
    )
    assert stored(api) == winner and api.left == []
    api.replace = real
    assert not run(api)["changed"]


def test_a_secret_that_lost_its_labels_is_found_and_labelled_again(run, ca):
    api = Cluster(ca)
    run(api, nodes=NODES)
    api.objects[SECRET + "-cka001"]["metadata"]["labels"] = {"mine": "stays"}
    api.objects[SECRET + "-cka001"]["data"]["tls.crt"] = ""
    result = run(api, nodes=NODES)
    assert [action["reason"] for action in result["actions"]] == ["its certificate is missing"]
    assert api.objects[SECRET + "-cka001"]["metadata"]["labels"]["hardway.calico/node"] == "cka001"
    assert api.objects[SECRET + "-cka001"]["metadata"]["labels"]["mine"] == "stays"


def test_a_batch_with_one_refused_request_stores_nothing(run, ca):
    class Picky(Cluster):
        def replace(self, path, body):
            self.signer = None if "cka003" in path else ca
            return super().replace(path, body)

    api = Picky(ca)
    result = run(api, nodes=NODES)
    assert result["failed"] and "calico-cni-credential-cka003-" in result["msg"]
    assert api.left == [] and not any(path.startswith(SECRET) for path in api.objects)


# ---- killed runs and two runs at once, at every write of a run for two nodes ----

PAIR = ["cka001", "cka002"]
# Two requests made and approved, both removed, two Secrets, and one of a node that left.
WRITES = 2 * 2 + 2 + 2 + 1


def renewal(ca):
    """A cluster where one node's credential is to be renewed, one node is new and another one has left."""
    api = Cluster(ca)
    for node, pem in (("cka001", "garbage"), ("cka004", "its own")):
        labels = {"hardway.calico/credential": "calico-cni-credential", "hardway.calico/node": node}
        data = dict.fromkeys(("tls.crt", "tls.key"), base64.b64encode(pem.encode()).decode())
        name = "calico-cni-credential-" + node
        api.objects["%s-%s" % (SECRET, node)] = {
            "metadata": {"name": name, "labels": labels, "resourceVersion": "1"},
            "data": data,
        }
    return api, {"nodes": PAIR, "kept_nodes": PAIR}


def require_nodes_sound(api, ca):
    for node in PAIR:
        certificate, key = stored_of(api, node)
        oracle.verify(certificate, ca[0], "sslclient")
        assert "Subject: CN=calico-cni:%s\n" % node in oracle.text(
            certificate
        ) and oracle.public_key(certificate=certificate) == oracle.public_key(key=key)
    assert SECRET + "-cka004" not in api.objects and api.left == []


def test_number_of_writes(run, ca):
    api, options = renewal(ca)
    run(api, **options)
    assert len(api.writes) == WRITES
    require_nodes_sound(api, ca)


@pytest.mark.parametrize("writes", range(WRITES))
def test_killed_after_each_write(run, ca, writes):
    """A killed process removes nothing: whatever it would still have done does not happen.

    Deletions of requests are among it.
    """
    api, options = renewal(ca)
    real = api.delete

    def delete(path, *arguments):
        if len(api.writes) >= writes:
            raise KeyboardInterrupt("killed")
        return real(path, *arguments)

    api.delete, api._die_after_writes = delete, writes
    with (
        patch_module_args({"cluster_ca": ca[0], **options}),
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(KeyboardInterrupt),
    ):
        patch.setattr(cni_credential, "connect", lambda params: api)
        cni_credential.main()
    assert len(api.writes) == writes
    api.delete, api._die_after_writes = real, None
    for path, body in api.objects.items():
        assert not path.startswith(SECRET) or {"tls.crt", "tls.key"} <= set(body["data"]), (
            "no half of a pair"
        )
    assert "failed" not in run(api, **options)
    require_nodes_sound(api, ca)
    api.requests.clear()
    assert not run(api, **options)["changed"] and api.writes == []


@pytest.mark.parametrize("writes", range(WRITES))
def test_two_runs_at_once_at_each_write(run, ca, writes):
    """Before each write of one run in turn, another run does all that it can.

    The first one says so or has nothing left to lose.
    """
    api, options = renewal(ca)
    other = Cluster(ca)
    other.objects, other._versions = api.objects, api._versions
    theirs = {}

    def meanwhile():
        if len(api.writes) == writes and not theirs:
            theirs["msg"] = None
            theirs.update(run(other, **options))

    for name in ("create", "replace", "delete"):
        real = getattr(api, name)

        def first(*arguments, real=real):
            meanwhile()
            return real(*arguments)

        setattr(api, name, first)
    ours = run(api, **options)
    for name in ("create", "replace", "delete"):
        delattr(api, name)
    for result in (ours, theirs):
        if "failed" in result:
            assert "another run" in result["msg"] and "un again" in result["msg"], result["msg"]
    assert "failed" not in ours or "failed" not in theirs, "one of them wins"
    assert theirs["msg"] is None or "failed" in theirs
    run(api, **options)
    require_nodes_sound(api, ca)
    api.requests.clear()
    assert not run(api, **options)["changed"] and api.writes == []
