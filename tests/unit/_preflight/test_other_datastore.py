# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the Calico that is there keeps its data, and whose it is.

The rule is libcalico-go's (lib/apiconfig/load.go with envconfig, prefix CALICO): CALICO_X goes before X even if it is
empty, and without a type etcd counts where ETCD_ENDPOINTS is not empty. The pods are as upstream's manifests have them.
"""

from __future__ import annotations

import pytest
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._preflight import decide as plan
from ansible_collections.hardway.calico.plugins.module_utils._preflight.read import DAEMONSETS, read
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release

CONFIGMAPS = "/api/v1/namespaces/kube-system/configmaps/"
ETCD, KUBERNETES = "etcd", "kubernetes"


def daemonset(
    env=(), env_from=(), name="calico-node", namespace="kube-system", owner=None, more=()
):
    container = {
        "name": "calico-node",
        "image": "quay.io/calico/node:v3.32.1",
        "env": list(env),
        "envFrom": list(env_from),
    }
    metadata = {"name": name, "namespace": namespace, "ownerReferences": [owner] if owner else []}
    pod = {"containers": [container, *({"name": each} for each in more)]}
    return {"metadata": metadata, "spec": {"template": {"spec": pod}}}


def text(name, value):
    return {"name": name, "value": value}


def by_reference(name, key, configmap="calico-config", **more):
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": configmap, "key": key, **more}}}


def secret(name):
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}


TYPE, ENDPOINTS = "DATASTORE_TYPE", "ETCD_ENDPOINTS"
HTTPS = "https://192.0.2.51:2379"
# Name: (the container's env, data of the ConfigMap calico-config, where the data are: None if that cannot be told).
CASES = {
    "nothing": ([], None, KUBERNETES),
    "ours": ([text(TYPE, "kubernetes")], None, KUBERNETES),
    "ours with etcd": (
        [by_reference(ENDPOINTS, "etcd_endpoints")],
        {"etcd_endpoints": HTTPS},
        ETCD,
    ),
    "ours with etcd by SRV": (
        [text(TYPE, "etcdv3"), text("ETCD_DISCOVERY_SRV", "example.com")],
        None,
        ETCD,
    ),
    "ours with etcd, its ConfigMap lost": ([by_reference(ENDPOINTS, "etcd_endpoints")], None, ETCD),
    "endpoints in the text": ([text(ENDPOINTS, HTTPS)], None, ETCD),
    "empty endpoints": ([text(ENDPOINTS, "")], None, KUBERNETES),
    "empty endpoints in the ConfigMap": (
        [by_reference(ENDPOINTS, "etcd_endpoints")],
        {"etcd_endpoints": ""},
        KUBERNETES,
    ),
    "SRV alone, which decides nothing": (
        [text("ETCD_DISCOVERY_SRV", "example.com")],
        None,
        KUBERNETES,
    ),
    "the type goes before endpoints": (
        [text(TYPE, "kubernetes"), text(ENDPOINTS, HTTPS)],
        None,
        KUBERNETES,
    ),
    "an empty type does not": ([text(TYPE, ""), text(ENDPOINTS, HTTPS)], None, ETCD),
    "the type in the ConfigMap, etcd": ([by_reference(TYPE, "type")], {"type": "etcdv3"}, ETCD),
    "the type in the ConfigMap, kubernetes": (
        [by_reference(TYPE, "type"), text(ENDPOINTS, HTTPS)],
        {"type": "kubernetes"},
        KUBERNETES,
    ),
    "the type in a ConfigMap that is lost": ([by_reference(TYPE, "type")], None, None),
    "the type under a key that is lost": ([by_reference(TYPE, "type")], {"other": "x"}, None),
    "the type under a key that need not be there": (
        [by_reference(TYPE, "type", optional=True)],
        {"other": "x"},
        KUBERNETES,
    ),
    "the type in a Secret": ([secret(TYPE)], None, None),
    "the type put together": ([text("X", "etcdv3"), text(TYPE, "$(X)")], None, None),
    "a type that Calico does not know": ([text(TYPE, "consul")], None, None),
    "the prefix goes first": (
        [text(TYPE, "kubernetes"), text("CALICO_DATASTORE_TYPE", "etcdv3")],
        None,
        ETCD,
    ),
    "the prefix goes first, empty too": (
        [text(TYPE, "etcdv3"), text("CALICO_DATASTORE_TYPE", "")],
        None,
        KUBERNETES,
    ),
    "endpoints with the prefix": ([text("CALICO_ETCD_ENDPOINTS", HTTPS)], None, ETCD),
    "empty endpoints with the prefix": (
        [text("CALICO_ETCD_ENDPOINTS", ""), text(ENDPOINTS, HTTPS)],
        None,
        KUBERNETES,
    ),
    "the last of two": ([text(TYPE, "etcdv3"), text(TYPE, "kubernetes")], None, KUBERNETES),
}


def look(item, data=None):
    objects = {DAEMONSETS + "/one": item}
    if data is not None:
        objects[CONFIGMAPS + "calico-config"] = {
            "metadata": {"name": "calico-config"},
            "data": data,
        }
    api = RecordedApi(objects, version="v1.34.4")
    return read(api, "kube-system"), api


def warnings(item, data=None, wanted=KUBERNETES, namespace="kube-system"):
    found, _api = look(item, data)
    return plan.decide(release("3.32"), found, "ignore", namespace, datastore=wanted).warnings


def is_about_data(words):
    return "keeps its data" in words


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("wanted", [ETCD, KUBERNETES])
def test_the_datastore_is_found_as_calico_finds_it(name, wanted):
    env, data, there = CASES[name]
    if there in (None, wanted):
        said = list(filter(is_about_data, warnings(daemonset(env), data, wanted)))
        assert len(said) == (there is None)
        if said:
            assert "kube-system/calico-node" in said[0] and wanted in said[0]
        return
    with pytest.raises(CalicoError) as caught:
        warnings(daemonset(env), data, wanted)
    assert "Expected: calico_datastore %s" % there in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "CALICO_"])
def test_a_whole_configmap_counts_and_a_variable_goes_before_it(prefix):
    given = [{"configMapRef": {"name": "calico-config"}, "prefix": prefix}]
    data = {TYPE: "etcdv3"}
    with pytest.raises(CalicoError, match="calico_datastore etcd"):
        warnings(daemonset(env_from=given), data)
    own = daemonset([text(prefix + TYPE, "kubernetes")], given)
    assert not any(map(is_about_data, warnings(own, data)))
    # Upstream's manifests name one that mostly is not there.
    absent = [{"configMapRef": {"name": "kubernetes-services-endpoint", "optional": True}}]
    assert not any(map(is_about_data, warnings(daemonset([text(TYPE, "kubernetes")], absent))))


def test_only_what_decides_is_read():
    """Each ConfigMap once, and none where all is said; no Secret at all."""
    env = [by_reference(ENDPOINTS, "etcd_endpoints"), by_reference(TYPE, "type"), secret("X")]
    env.append(by_reference("CALICO_NETWORKING_BACKEND", "backend", "another"))
    _found, api = look(daemonset(env), {"etcd_endpoints": HTTPS})
    assert [path for _verb, path in api.requests if path.startswith(CONFIGMAPS + "c")] == [
        CONFIGMAPS + "calico-config"
    ]
    assert not any("secrets" in path or "another" in path for _verb, path in api.requests)
    _found, api = look(daemonset([text(TYPE, "kubernetes")]))
    assert not any(path.startswith(CONFIGMAPS + "c") for _verb, path in api.requests)


def test_an_account_that_may_not_read_it_gets_a_warning():
    class Limited(RecordedApi):
        def get(self, path):
            if path.endswith("calico-config"):
                raise CalicoError("The API server refused GET %s" % path, status=403)
            return super().get(path)

    api = Limited({DAEMONSETS + "/one": daemonset([by_reference(TYPE, "type")])})
    found = plan.decide(release("3.32"), read(api, "kube-system"), "ignore", "kube-system")
    assert any(map(is_about_data, found.warnings))


OPERATOR = {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "name": "default"}


@pytest.mark.parametrize("namespace", ["kube-system", "calico-system"])
def test_a_calico_of_the_operators_is_refused_wherever_it_is(namespace):
    """It undoes what others change, and its ClusterRoles and bindings have the names of ours."""
    item = daemonset([text(TYPE, "kubernetes")], namespace="calico-system", owner=OPERATOR)
    with pytest.raises(CalicoError) as caught:
        warnings(item, namespace=namespace)
    said = str(caught.value)
    assert "belongs to the Tigera operator" in said and "calico-system/calico-node" in said
    assert "Installation default" in said and "Remedy: " in said


def test_another_owner_is_not_the_operator():
    owner = {"apiVersion": "example.com/v1", "kind": "Network", "name": "n"}
    item = daemonset([text(TYPE, "kubernetes")], owner=owner)
    assert not any("operator" in each for each in warnings(item))


@pytest.mark.parametrize(
    ("name", "more"), [("canal", []), ("canal", ["kube-flannel"]), ("rke2-canal", ["kube-flannel"])]
)
@pytest.mark.parametrize("wanted", [ETCD, KUBERNETES])
def test_canal_is_refused(name, more, wanted):
    """Two calico/node on each node, and pods whose addresses Calico's IPAM does not know."""
    item = daemonset([text(TYPE, "kubernetes")], name=name, more=more)
    with pytest.raises(CalicoError) as caught:
        warnings(item, wanted=wanted)
    said = str(caught.value)
    assert "canal" in said and "kube-system/%s" % name in said and "Remedy: " in said


def test_a_calico_node_by_another_name_is_a_warning():
    said = warnings(daemonset([text(TYPE, "kubernetes")], name="calico-node-arm"))
    assert any(
        "kube-system/calico-node-arm is a Calico that something else" in each for each in said
    )
