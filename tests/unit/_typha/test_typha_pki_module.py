# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""typha_pki against recorded API requests, with openssl as the judge of what it wrote."""

from __future__ import annotations

import base64

import openssl_oracle as oracle
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi
from typha_pki_runner import (
    BUNDLE,
    CA_KEY,
    CLIENT,
    CONFIGMAPS,
    SECRETS,
    SERVER,
    Runner,
    done,
    material,
    pem,
    put,
    require_sound,
)

from ansible_collections.hardway.calico.plugins.modules import typha_pki


@pytest.fixture
def run(capsys, monkeypatch):
    return Runner(capsys, monkeypatch)


@pytest.fixture
def installed(run):
    api = RecordedApi()
    assert run(api)["changed"]
    api.requests.clear()
    return api


def test_empty_cluster(run):
    api = RecordedApi()
    result = run(api)
    require_sound(api)
    assert api.writes == [
        ("POST", SECRETS),
        ("POST", CONFIGMAPS),
        ("POST", SECRETS),
        ("POST", SECRETS),
    ], "the CA's key first, one write an object"
    assert set(api.objects) == {BUNDLE, CA_KEY, SERVER, CLIENT} and set(
        api.objects[BUNDLE]["data"]
    ) == {"typhaca.crt"}
    assert (
        result["server_hash"]
        and result["client_hash"]
        and result["server_hash"] != result["client_hash"]
    )
    shown = (
        oracle.openssl("x509", "-noout", "-fingerprint", "-sha256", content=material(api)["server"])
        .strip()
        .split("=")[1]
    )
    assert result["certificates"]["server"]["fingerprint"] == shown.replace(":", "").lower()
    assert set(yaml.safe_load(typha_pki.RETURN)) == set(result) - {
        "changed",
        "invocation",
        "warned",
        "warnings",
        "diff",
    }


def test_second_run_writes_nothing(run, installed):
    first = run(installed)
    assert (
        not first["changed"]
        and first["actions"] == []
        and installed.writes == []
        and first["diff"] == {"before": "", "after": ""}
    )
    assert run(installed)["server_hash"] == first["server_hash"] and len(installed.requests) == 8, (
        "four GETs a run"
    )


def test_check_mode_on_the_empty_cluster(run):
    api = RecordedApi()
    result = run(api, check=True)
    assert (
        result["changed"] and len(result["actions"]) == 4 and api.writes == [] and api.objects == {}
    )
    assert (result["server_hash"], result["client_hash"], result["certificates"]) == (
        "",
        "",
        {},
    ) and "does not exist" in result["diff"]["after"]


@pytest.mark.parametrize("writes", range(4))
def test_killed_run_converges(run, writes):
    api = RecordedApi(die_after_writes=writes)
    with (
        patch_module_args({}),
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(KeyboardInterrupt),
    ):
        patch.setattr(typha_pki, "connect", lambda params: api)
        typha_pki.main()
    assert len(api.writes) == writes
    api._die_after_writes = None
    before = pem(api, CA_KEY, "ca.crt") if CA_KEY in api.objects else None
    assert len(done(run(api))) == 4 - writes
    require_sound(api)
    assert before in (None, pem(api, CA_KEY, "ca.crt")), "no second CA"
    assert not run(api)["changed"]


def test_second_controller_wins(run):
    class Raced(RecordedApi):
        def create(self, path, body):
            self.objects.setdefault(
                path + "/" + body["metadata"]["name"], {"metadata": {"resourceVersion": "1"}}
            )
            return super().create(path, body)

    api = Raced()
    result = run(api)
    assert (
        result["failed"]
        and "409" in result["msg"]
        and "run again" in result["msg"]
        and api.writes == []
    )
    assert (
        "Another run or person changed the Secret kube-system/calico-typha-ca-key" in result["msg"]
    )


def test_object_that_changed_meanwhile_is_not_overwritten(run, installed):
    put(installed, SERVER, **{"typha.crt": "garbage"})

    class Raced(RecordedApi):
        def replace(self, path, body):
            self.objects[path]["metadata"]["resourceVersion"] = "other"
            return super().replace(path, body)

    api = Raced()
    api.objects = installed.objects
    result = run(api)
    assert (
        result["failed"] and "409" in result["msg"] and pem(api, SERVER, "typha.crt") == "garbage"
    )


def test_broken_states_are_repaired_and_named(run, installed):
    whole = material(installed)
    authority = pem(installed, CA_KEY, "ca.crt"), pem(installed, CA_KEY, "ca.key")
    foreign = oracle.make_leaf("calico-typha", oracle.make_ca(), "serverAuth")
    expired = oracle.make_leaf("calico-typha", authority, "serverAuth", days=10)
    other_use = oracle.make_leaf("calico-typha", authority, "clientAuth")
    for certificate, key, reason in (
        ("", whole["server_key"], "its certificate is missing"),
        (whole["server"], "", "its key is missing"),
        ("garbage", whole["server_key"], "not PEM"),
        (whole["server"], "garbage", "not PEM"),
        (*foreign, "signed by another CA"),
        (whole["server"], foreign[1], "its key does not match"),
        (whole["client"], whole["client_key"], "its CN is calico-node"),
        (*other_use, "extended key usage is clientAuth"),
        (whole["server"] + "\x00", "\x00", "not PEM"),
        (*expired, None),
    ):
        put(installed, SERVER, **{"typha.crt": certificate, "typha.key": key})
        result = run(installed)
        if reason is None:
            assert done(result) == [], "10 days left of 10: a third is the window"
            continue
        assert done(result) == [("renew", "server")] and reason in result["actions"][0]["reason"], (
            reason
        )
        require_sound(installed)
        assert material(installed)["client"] == whole["client"] and not run(installed)["changed"]


GARBAGE = {
    "nothing": lambda pem: None,
    "empty": lambda pem: "",
    "text": lambda pem: "garbage",
    "cut": lambda pem: pem[: len(pem) // 2],
    "a key": lambda pem: oracle.make_key(),
    "no text": lambda pem: b"\xff\xfe\x00",
    "unknown curve": oracle.of_unknown_curve,
}


@pytest.mark.parametrize("harm", list(GARBAGE))
@pytest.mark.parametrize(
    ("path", "key"),
    [
        (BUNDLE, "typhaca.crt"),
        (CA_KEY, "ca.crt"),
        (CA_KEY, "ca.key"),
        (SERVER, "typha.crt"),
        (SERVER, "typha.key"),
    ],
)
def test_garbage_anywhere_is_repaired(run, installed, path, key, harm):
    value, data = GARBAGE[harm](pem(installed, path, key)), installed.objects[path]["data"]
    if value is None:
        del data[key]
    elif path == BUNDLE:
        data[key] = value if isinstance(value, str) else value.decode("latin-1")
    else:
        data[key] = base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
    result = run(installed)
    assert "failed" not in result and (result["changed"] or path == CA_KEY), (
        "a lost key of the CA is a warning"
    )
    assert result["actions"] or "key of the Typha CA is lost" in result["warned"][0]
    require_sound(installed)


def test_secrets_without_data(run):
    api = RecordedApi(
        {
            path: {"metadata": {"name": path.rpartition("/")[2]}}
            for path in (BUNDLE, CA_KEY, SERVER, CLIENT)
        }
    )
    assert run(api)["changed"]
    require_sound(api)


def test_swapped_secrets(run, installed):
    whole = material(installed)
    put(installed, SERVER, **{"typha.crt": whole["client"], "typha.key": whole["client_key"]})
    put(
        installed,
        CLIENT,
        **{"calico-node.crt": whole["server"], "calico-node.key": whole["server_key"]},
    )
    assert done(run(installed)) == [("renew", "server"), ("renew", "client")]
    require_sound(installed)


@pytest.mark.parametrize("harm", ["removed", "garbage", "other"])
def test_harmed_bundle_is_published_again_and_leaves_stay(run, installed, harm):
    before = run(installed)
    if harm == "removed":
        del installed.objects[BUNDLE]
    else:
        put(
            installed,
            BUNDLE,
            **{"typhaca.crt": "garbage" if harm == "garbage" else oracle.make_ca()[0].strip()},
        )
    assert done(run(installed)) == [("publish", "CA bundle")]
    require_sound(installed)
    if harm == "other":
        assert done(run(installed)) == [("drop", "CA bundle")], (
            "nothing runs here that could still need it"
        )
    after = run(installed)
    assert not after["changed"] and after["certificates"] == before["certificates"]
    assert after["server_hash"] == before["server_hash"], "the same material has the same hash"


def test_lost_ca_key_is_a_warning_until_a_new_ca_is_needed(run, installed):
    old = material(installed)
    del installed.objects[CA_KEY]
    result = run(installed, key_type="RSA", key_size=2048)
    assert not result["changed"] and "key of the Typha CA is lost" in result["warned"][0]
    del installed.objects[CLIENT]
    result = run(installed)
    assert (
        done(result)
        == [("create", "CA Calico Typha CA"), ("publish", "CA bundle"), ("issue", "client")]
        and "key is lost" in result["actions"][0]["reason"]
    )
    oracle.verify(old["server"], material(installed)["bundle"], "sslserver")
    require_sound(installed)


def test_pairs_of_the_guide_are_kept(run):
    """RSA, without extended key usage and without a CA key in the cluster: what "Calico the Hard Way" leaves behind."""
    authority = oracle.make_ca(algorithm="RSA", days=365)
    server, client = (
        oracle.make_leaf("calico-typha", authority, "none", "RSA"),
        oracle.make_leaf("calico-node", authority, "none", "RSA"),
    )
    api = RecordedApi(
        {
            path: {"metadata": {"name": path.rpartition("/")[2]}, "data": {}}
            for path in (BUNDLE, SERVER, CLIENT)
        }
    )
    put(api, BUNDLE, **{"typhaca.crt": authority[0]})
    put(api, SERVER, **{"typha.crt": server[0], "typha.key": server[1]})
    put(api, CLIENT, **{"calico-node.crt": client[0], "calico-node.key": client[1]})
    result = run(api)
    assert not result["changed"] and result["server_hash"] and api.writes == []


def test_key_type_of_the_guide(run):
    api = RecordedApi()
    run(api, key_type="RSA", key_size=2048)
    require_sound(api)
    assert (
        "Public-Key: (2048 bit)" in oracle.text(material(api)["client"])
        and not run(api, key_type="RSA", key_size=2048)["changed"]
    )
    assert done(run(api)) == [("renew", "server"), ("renew", "client")]


def test_other_data_in_a_secret_stays(run, installed):
    put(installed, SERVER, **{"typha.crt": "garbage", "mine": "kept"})
    run(installed)
    assert pem(installed, SERVER, "mine") == "kept"


@pytest.mark.parametrize(
    "options",
    [
        {"leaf_lifetime_days": 0},
        {"ca_lifetime_days": 10000000},
        {"renewal_days": 0},
        {"renewal_days": 365},
        {"leaf_lifetime_days": 30},
        {"renewal_days": 400},
        {"backdate_minutes": -1},
        {"key_size": 512},
        {"key_type": "RSA", "key_size": 1024},
    ],
)
def test_senseless_options_are_refused_before_anything_is_read(run, options):
    api = RecordedApi()
    result = run(api, **options)
    assert result["failed"] and "Expected" in result["msg"] and api.requests == []


def test_mutual_tls_handshake(installed):
    made = material(installed)
    server = (made["server"], made["server_key"], made["bundle"])
    assert oracle.handshake(server, (made["client"], made["client_key"], made["bundle"]))
    assert not oracle.handshake(server, ("", "", made["bundle"])), (
        "the guide's step 9: refused without a client certificate"
    )
    assert not oracle.handshake(
        server, (*oracle.make_leaf("calico-node", oracle.make_ca(), "clientAuth"), made["bundle"])
    ), "of a foreign CA"
    assert not oracle.handshake(server, (made["server"], made["server_key"], made["bundle"])), (
        "a server's certificate is no client's"
    )
