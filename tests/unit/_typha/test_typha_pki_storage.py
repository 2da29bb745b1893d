# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""typha_pki through a change of its CA, with the CA in a Secret, in a directory and elsewhere.

openssl judges what it wrote.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import stat
import time
from datetime import datetime, timezone

import openssl_oracle as oracle
import outside_chains
import pytest
import yaml
from recorded_api import RecordedApi
from typha_pki_runner import (
    BUNDLE,
    CA_KEY,
    CLIENT,
    NODE,
    SERVER,
    TYPHA,
    Runner,
    done,
    material,
    pem,
    put,
    require_sound,
)

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._typha import (
    ca_directory as _typha_ca_directory,
)
from ansible_collections.hardway.calico.plugins.modules import typha_pki_info


@pytest.fixture
def run(capsys, monkeypatch):
    return Runner(capsys, monkeypatch)


def cluster(run, **options):
    """An API with the certificates and workloads that have loaded them."""
    api = RecordedApi()
    result = run(api, **options)
    status = {
        "replicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
        "desiredNumberScheduled": 3,
        "updatedNumberScheduled": 3,
        "numberAvailable": 3,
    }
    for path, party in ((TYPHA, "server"), (NODE, "client")):
        template = {
            "metadata": {
                "annotations": {"hardway.calico/typha-certificates": result[party + "_hash"]}
            }
        }
        api.objects[path] = {
            "metadata": {"name": path.rpartition("/")[2]},
            "spec": {"replicas": 2, "template": template},
            "status": dict(status),
        }
    api.requests.clear()
    return api


def roll(api, result):
    """What the role does between two phases."""
    for workload in result["rotation"]["rolls"]:
        body = api.objects[TYPHA if workload["kind"] == "Deployment" else NODE]
        body["spec"]["template"]["metadata"]["annotations"]["hardway.calico/typha-certificates"] = (
            workload["hash"]
        )


def require_handshakes(*materials):
    """Each side of each material accepts each side of each other."""
    for one, other in itertools.product(materials, repeat=2):
        oracle.verify(one["server"], other["bundle"], "sslserver")
        oracle.verify(one["client"], other["bundle"], "sslclient")


def finish(run, api, **options):
    """Run and roll until nothing is under way; the actions of each run."""
    actions = []
    for _number in range(4):
        result = run(api, **options)
        actions.append(done(result))
        if result["rotation"]["phase"] == "none":
            return actions
        roll(api, result)
    raise AssertionError(actions)


STEPS = [
    [("create", "CA Calico Typha CA"), ("publish", "CA bundle")],
    [("renew", "server"), ("renew", "client")],
    [("drop", "CA bundle"), ("forget", "key of the previous CA")],
]


def test_rotation(run):
    api = cluster(run)
    old = material(api)
    first = run(api, force=["ca"])
    assert done(first) == STEPS[0] and first["rotation"]["phase"] == "introduce"
    assert [workload["name"] for workload in first["rotation"]["rolls"]] == [
        "calico-typha",
        "calico-node",
    ]
    published = material(api)
    assert published["server"] == old["server"] and published["bundle"].count("BEGIN") == 2
    require_handshakes(old, published)
    again = run(api, force=["ca"])
    assert done(again) == [] and "Deployment calico-typha was not rolled" in again["warned"][0]
    roll(api, first)
    second = run(api)
    switched = material(api)
    assert (
        done(second) == STEPS[1]
        and second["rotation"]["phase"] == "switch"
        and switched["bundle"] == published["bundle"]
    )
    require_handshakes(published, switched)
    oracle.verify(switched["server"], old["bundle"], "sslserver", fails=True)
    assert done(run(api)) == [], "the old CA stays until all are rolled"
    roll(api, second)
    third = run(api)
    final = material(api)
    assert done(third) == STEPS[2] and third["rotation"] == {"phase": "none", "rolls": []}
    require_handshakes(switched, final)
    oracle.verify(old["client"], final["bundle"], "sslclient", fails=True)
    assert (
        set(api.objects[CA_KEY]["data"]) == {"ca.crt", "ca.key"}
        and pem(api, CA_KEY, "ca.crt") == final["bundle"]
    )
    require_sound(api)
    assert not run(api)["changed"]


def test_nodes_that_an_upgrade_replaces_are_not_rolled_here(run):
    api = cluster(run)
    api.objects[NODE]["spec"]["updateStrategy"] = {"type": "OnDelete"}
    first = run(api, force=["ca"])
    assert [workload["name"] for workload in first["rotation"]["rolls"]] == ["calico-typha"]
    roll(api, first)
    waiting = run(api)
    assert (
        not waiting["changed"]
        and "calico-node was not rolled since the change (its update strategy is OnDelete"
        in waiting["warned"][0]
    )
    api.objects[NODE]["spec"]["updateStrategy"] = {"type": "RollingUpdate"}
    finish(run, api)
    require_sound(api)


def test_check_mode_names_the_rotation_and_writes_nothing(run):
    api = cluster(run)
    result = run(api, check=True, force=["ca"])
    assert (
        done(result) == STEPS[0]
        and "leaves of the new CA follow" in result["actions"][1]["reason"]
        and api.writes == []
    )
    assert "force asks for it" in result["diff"]["after"] and result["rotation"]["phase"] == "none"
    result = run(api, check=True, leaf_lifetime_days=800)
    assert not result["changed"], "the lifetime of new leaves is no reason to renew old ones"
    put(api, SERVER, **{"typha.crt": "garbage"})
    result = run(api, check=True)
    assert result["changed"] and "not PEM" in result["diff"]["after"] and api.writes == []


@pytest.mark.parametrize("writes", range(6))
def test_rotation_killed_after_each_write(run, monkeypatch, writes):
    api = cluster(run)
    old, options = material(api), {"force": ["ca"]}
    api._die_after_writes = writes
    with pytest.raises(KeyboardInterrupt):
        for _number in range(3):
            result = run(api, **options)
            roll(api, result)
            options = {}
    api._die_after_writes = None
    assert len(api.writes) == writes
    if writes < 3:
        require_handshakes(old, material(api))
    finish(run, api, **({"force": ["ca"]} if not writes else {}))
    require_sound(api)
    oracle.verify(old["server"], material(api)["bundle"], "sslserver", fails=True)
    assert not run(api)["changed"] and set(api.objects[CA_KEY]["data"]) == {"ca.crt", "ca.key"}


@pytest.mark.parametrize("writes", range(6))
def test_two_runs_at_once(run, writes):
    """Before each write of one run in turn, another run does all that it can.

    The first one fails and says so, nothing is harmed.
    """
    api, options, failed = cluster(run), {"force": ["ca"]}, []
    old = material(api)

    class Slow(RecordedApi):
        def _write(self, verb, path, key, body):
            if len(self.writes) == writes and not failed:
                failed.append(True)
                other = RecordedApi()
                other.objects, other._versions = self.objects, self._versions
                roll(other, run(other, **options))
            there = self.objects.get(key, {}).get("metadata", {}).get("resourceVersion")
            if there is not None and body["metadata"].get("resourceVersion") not in (None, there):
                raise CalicoError(
                    "The API server refused %s %s" % (verb, path),
                    found="409, conflict",
                    remedy="run again",
                    status=409,
                )
            return super()._write(verb, path, key, body)

    slow = Slow()
    slow.objects, slow._versions = api.objects, api._versions
    result = {}
    for _number in range(3):
        result = run(slow, **options)
        if "failed" in result:
            break
        roll(slow, result)
        options = {}
    assert (
        failed
        and result.get("failed")
        and "Another run or person changed the" in result["msg"]
        and "run again" in result["msg"]
    ), result
    if writes < 2:
        require_handshakes(old, material(api))
    finish(run, api)
    require_sound(api)
    assert not run(api)["changed"]


# ---- in a directory ------------------------------------------------------------------------------


def test_directory(run, tmp_path):
    folder = tmp_path / "pki" / "typha"
    options = {"ca_storage": "directory", "ca_directory": str(folder)}
    assert run(RecordedApi(), check=True, **options)["changed"] and not folder.exists()
    api = cluster(run, **options)
    assert CA_KEY not in api.objects and os.listdir(folder) == ["ca.pem"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "ca.pem")] == [
        0o700,
        0o600,
    ]
    require_sound(api)
    before = (folder / "ca.pem").stat().st_mtime_ns
    assert not run(api, **options)["changed"] and (folder / "ca.pem").stat().st_mtime_ns == before
    assert finish(run, api, force=["ca"], **options) == STEPS
    require_sound(api)
    assert os.listdir(folder) == ["ca.pem"]


class Kill:
    """Lets so many writes to the API and to the directory happen, and ends the run before the next one."""

    def __init__(self, monkeypatch, writes):
        self.left, self.done = writes, 0
        for owner, name in (
            (RecordedApi, "_write"),
            (_typha_ca_directory, "atomic_write"),
            (_typha_ca_directory.CaDirectory, "_remove"),
        ):
            monkeypatch.setattr(owner, name, self.counted(getattr(owner, name)))

    def counted(self, real):
        def counting(*arguments):
            if self.left == 0:
                raise KeyboardInterrupt("killed")
            self.left, self.done = self.left - 1, self.done + 1
            return real(*arguments)

        return counting


# Two files for the new CA, the bundle, two leaves, the bundle, and the previous CA's file twice, of which
# the directory's own is kept.
DIRECTORY_WRITES = 8


@pytest.mark.parametrize("writes", range(DIRECTORY_WRITES + 1))
def test_killed_with_a_directory(run, tmp_path, writes):
    options = {"ca_storage": "directory", "ca_directory": str(tmp_path)}
    api = cluster(run, **options)
    old = material(api)
    with pytest.MonkeyPatch.context() as patch:
        kill = Kill(patch, writes)
        if writes == DIRECTORY_WRITES:
            finish(run, api, force=["ca"], **options)
        else:
            with pytest.raises(KeyboardInterrupt):
                finish(run, api, force=["ca"], **options)
    assert kill.done == writes
    if writes < 4:
        require_handshakes(old, material(api))
    finish(run, api, **options)
    require_sound(api)
    assert not run(api, **options)["changed"] and os.listdir(tmp_path) == ["ca.pem"]


def test_directory_that_is_not_the_clusters(run, tmp_path):
    api = cluster(run, ca_storage="directory", ca_directory=str(tmp_path / "one"))
    other = {"ca_storage": "directory", "ca_directory": str(tmp_path / "other")}
    result = run(api, **other)
    assert not result["changed"] and "key of the Typha CA is lost" in result["warned"][0]
    del api.objects[CLIENT]
    result = run(api, **other)
    assert (
        result["failed"]
        and "run on the API host that holds ca_directory" in result["msg"]
        and api.writes == []
    )
    run(api, ca_storage="directory", ca_directory=str(tmp_path / "one"))
    api.requests.clear()
    (tmp_path / "other" / "ca.pem").write_text("".join(oracle.make_ca()))
    result = run(api, **other)
    assert (
        result["failed"]
        and "not the one that the cluster trusts" in result["msg"]
        and api.writes == []
    )
    assert done(run(api, force=["ca"], **other)) == [("publish", "CA bundle")]


def test_directory_with_garbage_and_one_in_use(run, tmp_path):
    options = {"ca_storage": "directory", "ca_directory": str(tmp_path)}
    (tmp_path / "ca.pem").write_text("garbage")
    api = RecordedApi()
    result = run(api, **options)
    assert (
        done(result)[0] == ("create", "CA Calico Typha CA")
        and "not PEM" in result["actions"][0]["reason"]
    )
    require_sound(api)
    with locked(tmp_path):
        result = run(api, **options)
    assert result["failed"] and "Another run works with" in result["msg"]


@contextlib.contextmanager
def locked(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


# ---- nowhere: an external CA ---------------------------------------------------------------------


def company(root):
    """Options for an issuing CA below a root."""
    issuing = oracle.make_intermediate("Company Issuing CA", root)
    return {
        "ca_storage": "external",
        "ca_bundle_content": root[0],
        "issuing_ca_content": issuing[0],
        "issuing_ca_key_content": issuing[1],
    }


def test_issuing_ca_with_an_intermediate(run):
    root = oracle.make_ca("Company Root")
    options = company(root)
    api = cluster(run, **options)
    made = material(api)
    assert (
        made["bundle"].strip() == root[0].strip()
        and made["server"].count("BEGIN CERTIFICATE") == 2
        and CA_KEY not in api.objects
    )
    for leaf, purpose in ((made["server"], "sslserver"), (made["client"], "sslclient")):
        oracle.verify(leaf, root[0], purpose, untrusted=leaf)
    assert not run(api, **options)["changed"]
    assert options["issuing_ca_key_content"][60:100] not in str(api.objects)


def test_change_from_our_ca_to_an_external_one_and_back(run):
    api = cluster(run)
    root = oracle.make_ca("Company Root")
    assert finish(run, api, **company(root)) == [
        [("publish", "CA bundle")],
        STEPS[1],
        [("drop", "CA bundle")],
    ]
    assert material(api)["bundle"].strip() == root[0].strip()
    assert finish(run, api) == [[("publish", "CA bundle")], STEPS[1], [("drop", "CA bundle")]]
    require_sound(api)


def handed(root, **changes):
    server, client = (
        oracle.make_leaf("calico-typha", root, "serverAuth", "RSA"),
        oracle.make_leaf("calico-node", root, "clientAuth", "RSA"),
    )
    options = {
        "server_certificate_content": server[0],
        "server_key_content": server[1],
        "client_certificate_content": client[0],
        "client_key_content": client[1],
    }
    return {"ca_storage": "external", "ca_bundle_content": root[0], **options, **changes}


def test_leaves_that_were_handed_in(run):
    api, first, second = (
        cluster(run),
        oracle.make_ca("Company Root"),
        oracle.make_ca("Company Root 2"),
    )
    options = handed(first)
    assert finish(run, api, **options) == [
        [("publish", "CA bundle")],
        STEPS[1],
        [("drop", "CA bundle")],
    ]
    require_sound(api)
    assert (
        material(api)["server"].strip() == options["server_certificate_content"].strip()
        and not run(api, **options)["changed"]
    )
    assert len(finish(run, api, **handed(second))) == 3, "another root comes with overlap too"
    result = run(api, **handed(second, renewal_days=400, leaf_lifetime_days=1000))
    assert any("hand in a new one" in warning for warning in result["warned"])


def test_external_material_that_cannot_work_is_refused(run):
    api, root, other = cluster(run), oracle.make_ca("Company Root"), oracle.make_ca("Company Root")
    wrong = oracle.make_leaf("calico-node", root, "serverAuth")
    for options, words in (
        ({"ca_storage": "external"}, "ca_bundle_content"),
        ({"ca_storage": "external", "ca_bundle_content": "garbage"}, "not PEM"),
        ({"ca_storage": "external", "ca_bundle_content": root[0]}, "neither certificate nor key"),
        (handed(root, ca_bundle_content=other[0]), "signed by another CA"),
        (
            handed(root, server_certificate_content=wrong[0], server_key_content=wrong[1]),
            "CN is calico-node",
        ),
        (handed(root, client_key_content=oracle.make_key()), "key does not match"),
        ({**company(root), "ca_bundle_content": other[0]}, "does not lead to a CA"),
        ({**company(root), "issuing_ca_key_content": other[1]}, "key does not match"),
        (
            {
                **company(root),
                **dict(
                    zip(
                        ("issuing_ca_content", "issuing_ca_key_content"),
                        oracle.make_leaf("x", root, "none"),
                    )
                ),
            },
            "no CA's certificate",
        ),
    ):
        result = run(api, **options)
        assert result["failed"] and words in result["msg"], (words, result["msg"])
    assert api.writes == []


@pytest.mark.parametrize("name", list(outside_chains.CHAINS))
def test_chains_that_peers_refuse_are_refused_before_anything_is_written(run, name):
    """openssl refuses them too, but for SHA-1; that Go does is shown in tests/integration."""
    api, words = cluster(run), outside_chains.CHAINS[name][3]
    root, below, leaves = outside_chains.chain(name)
    external = {"ca_storage": "external", "ca_bundle_content": root[0]}
    handed_in = {
        party + option: pem
        for party, pair in leaves.items()
        for option, pem in zip(("_certificate_content", "_key_content"), pair)
    }
    issuing = {"issuing_ca_content": below[0], "issuing_ca_key_content": below[1]}
    refused = [
        bad(leaves[party][0], root[0], purpose)
        for party, purpose in (("server", "sslserver"), ("client", "sslclient"))
    ]
    assert any(refused) == (words is not None and name != "SHA-1"), "the oracle agrees"
    for options in ({**external, **handed_in}, {**external, **issuing}):
        if words is None:
            assert finish(run, api, **options)
        elif name != "SHA-1" or options.get("server_key_content"):
            result = run(api, **options)
            assert (
                result.get("failed")
                and words in result["msg"]
                and "nothing was written" in result["msg"]
            ), result
    assert bool(api.writes) == (words is None)


def bad(leaf, root, purpose):
    with contextlib.suppress(AssertionError):
        return bool(oracle.verify(leaf, root, purpose, untrusted=leaf, fails=True, strict=False))
    return False


def test_bundle_with_intermediate_cas(run):
    root = oracle.make_ca("Company Root")
    options = company(root)
    api = cluster(run, **{**options, "ca_bundle_content": options["issuing_ca_content"] + root[0]})
    made = material(api)
    assert made["bundle"].count("BEGIN") == 2
    require_handshakes(made)
    result = run(api, **{**options, "ca_bundle_content": root[0] + made["server"]})
    assert (
        result["failed"]
        and "CN=calico-typha is no CA's certificate" in result["msg"]
        and api.writes == []
    )


def test_handed_in_leaf_may_have_uris_of_its_own(run):
    root = oracle.make_ca("Company Root")
    leaf = oracle.make_leaf(
        "calico-typha",
        root,
        "extendedKeyUsage=serverAuth\nsubjectAltName=URI:spiffe://a/typha,URI:spiffe://b/typha\n",
    )
    options = handed(root, server_certificate_content=leaf[0], server_key_content=leaf[1])
    assert "failed" not in run(RecordedApi(), **options) and "failed" not in run(
        RecordedApi(), server_uri_san="spiffe://b/typha", **options
    )
    result = run(RecordedApi(), server_uri_san="spiffe://c/typha", **options)
    assert result["failed"] and "wanted spiffe://c/typha" in result["msg"]


# ---- the rest ------------------------------------------------------------------------------------


def test_uri_sans(run):
    api = cluster(run)
    options = {
        "server_uri_san": "spiffe://cluster/typha",
        "client_uri_san": "spiffe://cluster/node",
    }
    assert done(run(api, **options)) == STEPS[1] and not run(api, **options)["changed"]
    assert "URI:spiffe://cluster/typha" in oracle.text(
        material(api)["server"]
    ) and "URI:spiffe://cluster/node" in oracle.text(material(api)["client"])
    assert "its URI SAN is spiffe://cluster/typha, wanted none" in run(api)["actions"][0]["reason"]


def test_force_leaf(run):
    api = cluster(run)
    before = material(api)
    assert done(run(api, force=["leaf"])) == STEPS[1]
    after = material(api)
    assert (
        after["bundle"] == before["bundle"]
        and after["server"] != before["server"]
        and not run(api)["changed"]
    )
    require_handshakes(before, after)


def test_absent(run, tmp_path):
    api = cluster(run)
    result = run(api, check=True, state="absent")
    assert len(done(result)) == 4 and api.writes == []
    assert [target for _action, target in done(run(api, state="absent"))][
        -1
    ] == "Secret kube-system/calico-typha-ca-key"
    assert set(api.objects) == {TYPHA, NODE} and not run(api, state="absent")["changed"]
    options = {"ca_storage": "directory", "ca_directory": str(tmp_path)}
    run(api, **options)
    run(api, state="absent", **options)
    assert os.listdir(tmp_path) == [] and not {BUNDLE, SERVER, CLIENT} & set(api.objects)


def test_absent_makes_no_directory(run, tmp_path):
    folder = tmp_path / "never"
    assert (
        not run(RecordedApi(), state="absent", ca_storage="directory", ca_directory=str(folder))[
            "changed"
        ]
        and not folder.exists()
    )


@pytest.mark.parametrize(("path", "other"), [(SERVER, "client"), (CLIENT, "server")])
def test_a_renewed_leaf_rolls_its_own_party_only(run, path, other):
    """The hash of the other party's pod template stays as it is."""
    api = cluster(run)
    before = run(api)
    del api.objects[path]
    after = run(api)
    assert [hash_ for hash_ in ("server_hash", "client_hash") if after[hash_] != before[hash_]] == [
        {"client": "server", "server": "client"}[other] + "_hash"
    ]
    put_back = run(api)
    assert (
        put_back["server_hash"] == after["server_hash"]
        and put_back["client_hash"] == after["client_hash"]
    )


@pytest.mark.parametrize("minutes", [0, 5, 60])
def test_clocks_that_are_behind(run, minutes):
    """By openssl: what is made now has begun so many minutes ago, on hosts whose clocks are so far behind."""
    api = RecordedApi()
    before = int(time.time())
    run(api, backdate_minutes=minutes)
    after = int(time.time())
    for pem_ in (material(api)["server"], material(api)["client"], material(api)["bundle"]):
        told = (
            oracle.openssl("x509", "-noout", "-startdate", "-dateopt", "iso_8601", content=pem_)
            .strip()
            .removeprefix("notBefore=")
        )
        begins = (
            datetime.strptime(told, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
        )
        assert before - minutes * 60 <= begins <= after - minutes * 60


def test_info_reads_the_same_hashes_and_writes_nothing(run):
    api = cluster(run)
    info = Runner(run.capsys, run.monkeypatch, typha_pki_info)
    wanted = run(api)
    api.requests.clear()
    found = info(api)
    assert (found["server_hash"], found["client_hash"]) == (
        wanted["server_hash"],
        wanted["client_hash"],
    )
    assert (
        found["certificates"]["client"] == wanted["certificates"]["client"]
        and {verb for verb, _path in api.requests} == {"GET"}
        and not found["changed"]
    )
    assert set(yaml.safe_load(typha_pki_info.RETURN)) == set(found) - {
        "changed",
        "invocation",
        "warned",
        "warnings",
    }
    assert info(RecordedApi())["client_hash"] == ""


def test_ca_shorter_than_a_leaf_is_refused(run):
    result = run(RecordedApi(), ca_lifetime_days=100)
    assert result["failed"] and "ca_lifetime_days is too short" in result["msg"]
