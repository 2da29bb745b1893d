# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and JSON in etcd: the bytes of upstream's Go structs, and the manifests that rules and plans see."""

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._datastore import etcd_model as model
from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Kind
from ansible_collections.hardway.calico.plugins.module_utils._release import crds

V3 = "/calico/resources/v3/projectcalico.org/"
POLICY = model.KINDS["NetworkPolicy"].kind

# (kind, key, value, the manifest without apiVersion, kind and resourceVersion). Values as encoding/json writes the
# structs of libcalico-go v3.32.1: lib/backend/model, api/pkg/apis/projectcalico/v3.
STORED = {
    "pool": (
        kinds.IPPOOL,
        V3 + "ippools/one",
        '{"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"one",'
        '"uid":"1f0c93aa-0000-4000-8000-000000000001","creationTimestamp":"2026-11-21T07:10:00Z"},'
        '"spec":{"cidr":"10.244.0.0/18","vxlanMode":"Never","ipipMode":"Always","natOutgoing":true,"blockSize":26,'
        '"nodeSelector":"all()","allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic"}}',
        {
            "metadata": {
                "name": "one",
                "uid": "1f0c93aa-0000-4000-8000-000000000001",
                "creationTimestamp": "2026-11-21T07:10:00Z",
            },
            "spec": {
                "allowedUses": ["Workload", "Tunnel"],
                "assignmentMode": "Automatic",
                "blockSize": 26,
                "cidr": "10.244.0.0/18",
                "ipipMode": "Always",
                "natOutgoing": True,
                "nodeSelector": "all()",
                "vxlanMode": "Never",
            },
        },
    ),
    "policy": (
        POLICY,
        V3 + "networkpolicies/shop/web",
        '{"kind":"NetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"web","namespace":"shop",'
        '"labels":{"a":"1","b":"\\u003c2\\u003e"},"annotations":{"projectcalico.org/metadata":"{\\"name\\":\\"web\\"}"}},'
        '"spec":{"selector":"a == \'x\' \\u0026\\u0026 has(ü)","types":["Ingress"]}}',
        {
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "labels": {"b": "<2>", "a": "1"},
                "annotations": {"projectcalico.org/metadata": '{"name":"web"}'},
            },
            "spec": {"selector": "a == 'x' && has(ü)", "types": ["Ingress"]},
        },
    ),
    "block": (
        kinds.IPAM_BLOCK,
        "/calico/ipam/v2/assignment/ipv4/block/10.244.0.0-30",
        '{"cidr":"10.244.0.0/30","affinity":"host:n1","affinity_claim_time":"2026-11-21T07:10:00Z",'
        '"allocations":[0,null,null,1],"unallocated":[1,2],"attributes":[{"handle_id":"h","secondary":{"node":"n1"}},{}],'
        '"sequenceNumber":7,"sequenceNumberForAllocation":{"0":1,"3":6},"deleted":false}',
        {
            "metadata": {"name": "10-244-0-0-30"},
            "spec": {
                "cidr": "10.244.0.0/30",
                "affinity": "host:n1",
                "affinityClaimTime": "2026-11-21T07:10:00Z",
                "allocations": [0, None, None, 1],
                "unallocated": [1, 2],
                "attributes": [{"handle_id": "h", "secondary": {"node": "n1"}}, {}],
                "sequenceNumber": 7,
                "sequenceNumberForAllocation": {"0": 1, "3": 6},
                "deleted": False,
            },
        },
    ),
    "block without a node": (
        kinds.IPAM_BLOCK,
        "/calico/ipam/v2/assignment/ipv6/block/fd00:10:244::-126",
        '{"cidr":"fd00:10:244::/126","affinity":null,"allocations":[null,null,null,null],"unallocated":[0,1,2,3],'
        '"attributes":[],"sequenceNumber":0,"sequenceNumberForAllocation":null,"deleted":false}',
        {
            "metadata": {"name": "fd00-10-244---126"},
            "spec": {
                "cidr": "fd00:10:244::/126",
                "allocations": [None] * 4,
                "unallocated": [0, 1, 2, 3],
                "attributes": [],
                "sequenceNumber": 0,
                "deleted": False,
            },
        },
    ),
    "affinity": (
        kinds.BLOCK_AFFINITY,
        "/calico/ipam/v2/host/node-1.example/ipv4/block/10.244.0.0-26",
        '{"state":"confirmed","deleted":false}',
        {
            "metadata": {"name": "node-1.example-10-244-0-0-26"},
            "spec": {
                "state": "confirmed",
                "node": "node-1.example",
                "type": "host",
                "cidr": "10.244.0.0/26",
                "deleted": "false",
            },
        },
    ),
    "affinity of load balancers": (
        kinds.BLOCK_AFFINITY,
        "/calico/ipam/v2/virtual/load-balancer/ipv4/block/10.9.0.0-26",
        '{"state":"pending","deleted":true}',
        {
            "metadata": {"name": "load-balancer-10-9-0-0-26"},
            "spec": {
                "state": "pending",
                "node": "load-balancer",
                "type": "virtual",
                "cidr": "10.9.0.0/26",
                "deleted": "true",
            },
        },
    ),
    "handle": (
        kinds.IPAM_HANDLE,
        "/calico/ipam/v2/handle/k8s-pod-network.0A1b",
        '{"block":{"10.244.0.0/26":2,"10.9.0.0/26":1},"deleted":false}',
        {
            "metadata": {"name": "k8s-pod-network.0a1b"},
            "spec": {
                "handleID": "k8s-pod-network.0A1b",
                "block": {"10.9.0.0/26": 1, "10.244.0.0/26": 2},
                "deleted": False,
            },
        },
    ),
    "config": (
        kinds.IPAM_CONFIG,
        "/calico/ipam/v2/config",
        '{"strict_affinity":true,"maxBlocksPerHost":4}',
        {
            "metadata": {"name": "default"},
            "spec": {
                "strictAffinity": True,
                "autoAllocateBlocks": False,
                "maxBlocksPerHost": 4,
            },
        },
    ),
}


@pytest.mark.parametrize("what", STORED)
def test_what_is_read(what):
    kind, key, value, expected = STORED[what]
    found = model.manifest(kind, key, value.encode(), 42)
    assert found["metadata"].pop("resourceVersion") == "42"
    assert found == {"apiVersion": "crd.projectcalico.org/v1", "kind": kind.name, **expected}


@pytest.mark.parametrize("what", STORED)
def test_what_is_written(what):
    kind, key, value, given = STORED[what]
    metadata = {**given["metadata"], "resourceVersion": "42"}
    item = {"apiVersion": "x", "kind": "y", **given, "metadata": metadata}
    assert model.key(kind, item) == key
    assert model.value(kind, item).decode() == value


@pytest.mark.parametrize("what", STORED)
def test_a_change_leaves_the_rest_as_it_is_stored(what):
    kind, key, value, _manifest = STORED[what]
    there = model.manifest(kind, key, value.encode(), 42)
    assert model.value(kind, model.merged(there, {})).decode() == value


def test_a_block_loses_its_affinity():
    kind, key, value, _manifest = STORED["block"]
    there = model.manifest(kind, key, value.encode(), 42)
    taken = model.merged(there, {"spec": {"affinity": None, "affinityClaimTime": None}})
    wanted = json.loads(value)
    wanted["affinity"] = None
    del wanted["affinity_claim_time"]
    assert json.loads(model.value(kind, taken)) == wanted


def test_what_a_later_release_adds_is_kept():
    value = json.loads(STORED["block"][2])
    value["later"] = {"x": 1}
    there = model.manifest(kinds.IPAM_BLOCK, STORED["block"][1], json.dumps(value).encode(), 42)
    assert json.loads(model.value(kinds.IPAM_BLOCK, there)) == value


def test_a_block_from_a_custom_resource():
    """A snapshot of the other datastore carries a field that only custom resources have."""
    kind, _key, value, given = STORED["block"]
    spec = {**given["spec"], "strictAffinity": False}
    assert model.value(kind, {**given, "spec": spec}).decode() == value


def test_an_affinity_without_a_value():
    """model/block_affinity.go: they were once stored empty."""
    found = model.manifest(kinds.BLOCK_AFFINITY, STORED["affinity"][1], b"", 42)
    assert found["spec"]["state"] == ""


def test_a_long_hosts_affinity_has_a_name_of_253_characters_at_most():
    host = "n" * 250
    found = model.manifest(
        kinds.BLOCK_AFFINITY, "/calico/ipam/v2/host/%s/ipv4/block/10.244.0.0-26" % host, b"{}", 1
    )
    digest = hashlib.sha256((host + "+10-244-0-0-26").encode()).hexdigest()[:11]
    name = found["metadata"]["name"]
    assert name == "n" * (252 - 13 - 13) + "-10-244-0-0-26-" + digest and len(name) <= 253


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (kinds.IPPOOL, V3 + "ippools/one/more"),
        (POLICY, V3 + "networkpolicies/web"),
        (kinds.BLOCK_AFFINITY, "/calico/ipam/v2/host/n1"),
        (kinds.IPAM_BLOCK, "/calico/ipam/v2/assignment/ipv4/other/x"),
        (kinds.IPAM_CONFIG, "/calico/ipam/v2/configuration"),
    ],
)
def test_what_is_none_of_a_kind(kind, key):
    assert model.manifest(kind, key, b"{}", 1) is None


def test_a_value_that_is_no_object():
    with pytest.raises(ValueError, match="no JSON object"):
        model.manifest(kinds.IPPOOL, V3 + "ippools/one", b"[]", 1)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("{}", "no metadata.name"),
        ('{"metadata":[]}', "no metadata.name"),
        ('{"metadata":{"name":""}}', "no metadata.name"),
        ('{"metadata":{"name":7}}', "no metadata.name"),
        ('{"metadata":{"name":"one"},"spec":[]}', "spec is no object"),
        ('{"metadata":{"name":"one"},"spec":{"cidr":10}}', "spec.cidr is 10"),
        ('{"metadata":{"name":"one"},"spec":{"cidr":null}}', "spec.cidr is null"),
        ('{"metadata":{"name":"one"},"spec":{"blockSize":true}}', "spec.blockSize is true"),
        ('{"metadata":{"name":"one"},"spec":{"allowedUses":"all"}}', 'spec.allowedUses is "all"'),
    ],
)
def test_an_object_that_go_would_not_read_either(stored, words):
    """No schema keeps it out of etcd, as the CRD's does in the other datastore."""
    with pytest.raises(ValueError, match=words):
        model.manifest(kinds.IPPOOL, V3 + "ippools/one", stored.encode(), 1)


def test_a_pool_without_a_spec_is_one():
    found = model.manifest(kinds.IPPOOL, V3 + "ippools/one", b'{"metadata":{"name":"one"}}', 1)
    assert found["metadata"]["name"] == "one"


def test_a_new_object_gets_uid_and_time_and_ipams_do_not():
    body = {"metadata": {"name": "one", "resourceVersion": "7"}, "spec": {"cidr": "10.244.0.0/26"}}
    assert model.new(kinds.IPPOOL, body, "u", "now")["metadata"] == {
        "uid": "u",
        "creationTimestamp": "now",
        "name": "one",
    }
    assert model.new(kinds.IPAM_BLOCK, body, "u", "now")["metadata"] == {"name": "one"}


@pytest.mark.parametrize("minor", [26, 28, 29, 30, 32])
def test_the_kinds_of_a_release_are_those_of_its_crds_nodes_and_profiles(minor):
    """crds.py is compared with upstream's files for every release; names and scopes are written out here."""
    suffix = "." + crds.CALICO
    wanted = {name[: -len(suffix)] for name in crds.names(minor) if name.endswith(suffix)}
    found = model.kinds_of(minor)
    assert {kind.plural for kind in found.values()} == wanted | {"nodes", "profiles"}
    assert all(name == kind.name for name, kind in found.items())
    namespaced = {name for name, kind in found.items() if kind.namespaced}
    staged = {"StagedNetworkPolicy", "StagedKubernetesNetworkPolicy"} if minor >= 30 else set()
    assert namespaced == {"NetworkPolicy", "NetworkSet"} | staged
    assert found["IPPool"] == kinds.IPPOOL


def test_the_kinds_that_rules_name_are_those_of_the_table():
    named = [row for row in vars(kinds).values() if isinstance(row, Kind)]
    assert all(model.KINDS[row.name].kind == row for row in named)
