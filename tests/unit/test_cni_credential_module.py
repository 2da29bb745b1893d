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

from ansible_collections.hardway.calico.plugins.module_utils import _cni_credential_issuer as issuer
from ansible_collections.hardway.calico.plugins.modules import cni_credential

SECRETS = "/api/v1/namespaces/kube-system/secrets"
SECRET = SECRETS + "/calico-cni-credential"
PUBLISHED = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"


@pytest.fixture(scope="module")
def ca():
    return oracle.make_ca("kubernetes")


class Cluster(RecordedApi):
    """Signs approved requests; signer: (certificate, key), or None for a cluster whose signer is off; days: what the signer grants."""

    def __init__(self, signer, days=365, objects=None, condition=None):
        super().__init__(objects)
        self.signer, self.days, self.condition = signer, days, condition
        self.requested = []

    def replace(self, path, body):
        if not path.endswith("/approval"):
            return super().replace(path, body)
        name = path.removesuffix("/approval")
        self.requested.append(body)
        status = dict(body["status"])
        if self.condition:
            status["conditions"] = [*status["conditions"], self.condition]
        elif self.signer:
            request = base64.b64decode(body["spec"]["request"]).decode()
            status["certificate"] = base64.b64encode(oracle.sign(request, self.signer, "clientAuth", self.days).encode()).decode()
        return self._write("PUT", path, name, {**body, "status": status})

    @property
    def left(self):
        return [path for path in self.objects if path.startswith(issuer.CSRS)]


@pytest.fixture
def run(capsys, monkeypatch, ca):
    def run_module(api, check=False, **options):
        monkeypatch.setattr(cni_credential, "connect", lambda params: api)
        monkeypatch.setattr(issuer, "POLL_SECONDS", 0.01)
        given = {"cluster_ca": ca[0], "timeout": 1, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(given), pytest.raises(SystemExit):
            cni_credential.main()
        out = capsys.readouterr().out
        assert options.get("return_content") or "PRIVATE KEY" not in out
        return json.loads(out)

    return run_module


def stored(api):
    return tuple(base64.b64decode(api.objects[SECRET]["data"][key]).decode() for key in ("tls.crt", "tls.key"))


def require_sound(api, ca, user="calico-cni"):
    certificate, key = stored(api)
    oracle.verify(certificate, ca[0], "sslclient")
    assert "Subject: CN=%s\n" % user in oracle.text(certificate) and oracle.public_key(certificate=certificate) == oracle.public_key(key=key)


def by_files(ca):
    return {"method": "ca", "ca_cert_content": ca[0], "ca_key_content": ca[1]}


def test_issues_through_the_csr_api(run, ca):
    api = Cluster(ca)
    result = run(api)
    require_sound(api, ca)
    assert result["changed"] and [action["action"] for action in result["actions"]] == ["issue"] and "client_key" not in result
    spec = api.requested[0]["spec"]
    assert (spec["signerName"], spec["usages"], spec["expirationSeconds"]) == ("kubernetes.io/kube-apiserver-client", ["client auth"], 365 * 86400)
    assert api.left == [] and api.objects[SECRET]["type"] == "kubernetes.io/tls" and [verb for verb, path in api.writes if path == SECRETS] == ["POST"]


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
    assert not result["changed"] and api.writes == [] and (result["client_certificate"], result["client_key"]) == stored(api)
    assert set(yaml.safe_load(cni_credential.RETURN)) == set(result) - {"changed", "invocation", "warnings", "diff"}


def test_check_mode_writes_nothing(run, ca):
    api = Cluster(ca)
    result = run(api, check=True, return_content=True)
    assert result["changed"] and api.writes == [] and api.objects == {} and "client_key" not in result and "certificate" not in result


def test_first_run_returns_the_content(run, ca):
    api = Cluster(ca)
    result = run(api, return_content=True)
    assert (result["client_certificate"], result["client_key"]) == stored(api)
    assert "PRIVATE KEY" not in json.dumps({key: value for key, value in result.items() if key != "client_key"})


@pytest.mark.parametrize("writes", range(4))
def test_killed_run_converges(run, ca, writes):
    api = Cluster(ca)
    api._die_after_writes = writes
    with patch_module_args({"cluster_ca": ca[0]}), pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
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
    assert "calico-cni-credential-" in message and "Approved" in message and "method ca" in message and "within 1 s" in message
    assert api.left == [] and SECRET not in api.objects


def test_refusal_is_told_at_once(run, ca):
    api = Cluster(ca, condition={"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": "not for you"})
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
    assert result["failed"] and "409" in result["msg"] and api.objects[SECRET]["metadata"]["name"] == "theirs" and api.left == []


@pytest.mark.parametrize("harm", ["half", "garbage", "other user", "other CA", "ends"])
def test_bad_credential_is_replaced(run, ca, harm):
    api = Cluster(ca)
    run(api)
    whole = stored(api)
    pairs = {
        "half": (whole[0], ""), "garbage": ("garbage", whole[1]), "other user": oracle.make_leaf("somebody", ca, "clientAuth"),
        "other CA": oracle.make_leaf("calico-cni", oracle.make_ca("kubernetes"), "clientAuth"),
        "ends": oracle.make_leaf("calico-cni", ca, "clientAuth", days=0),
    }
    api.objects[SECRET]["data"] = {key: base64.b64encode(text.encode()).decode() for key, text in zip(("tls.crt", "tls.key"), pairs[harm])}
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
    assert "signed by another CA" in message and "--client-ca-file" in message and SECRET not in api.objects


def test_cluster_with_a_ca_for_clients_of_its_own(run):
    """As k3s and RKE2: the kubeconfig's CA signs servers only, the API server publishes the other one."""
    clients = oracle.make_ca("client-ca")
    api = Cluster(clients, objects={PUBLISHED: {"metadata": {"name": "extension-apiserver-authentication"}, "data": {"client-ca-file": clients[0]}}})
    assert run(api)["changed"] and not run(api)["changed"]
    require_sound(api, clients)


@pytest.mark.parametrize("options", [{"lifetime_days": 0}, {"renewal_days": -1}, {"timeout": 0}, {"user": ""}, {"user": "x" * 65}, {"cluster_ca": "garbage"}])
def test_senseless_options_are_refused_before_anything_is_written(run, ca, options):
    api = Cluster(ca)
    result = run(api, **options)
    assert result["failed"] and "Expected" in result["msg"] and api.writes == []


@pytest.mark.parametrize("harm", ["other key", "garbage", "leaf"])
def test_ca_files_that_do_not_fit(run, ca, harm):
    files = {"other key": (ca[0], oracle.make_key()), "garbage": ("garbage", ca[1]), "leaf": oracle.make_leaf("kubernetes", ca, "clientAuth")}[harm]
    api = Cluster(None)
    result = run(api, **by_files(files))
    assert result["failed"] and "CA files cannot be used" in result["msg"] and api.requests == []
