# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role kube_controllers sends to the cluster, against upstream's manifests, copied by hand.

manifests/calico-typha.yaml at v3.26.5 to v3.32.1: the same Deployment but for what DIFFERENT says.
"""

from __future__ import annotations

import pytest
import yaml
from rendered_roles import rendered

UPSTREAM = """
replicas: 1
selector: {matchLabels: {k8s-app: calico-kube-controllers}}
strategy: {type: Recreate}
template:
  metadata: {labels: {k8s-app: calico-kube-controllers}}
  spec:
    nodeSelector: {kubernetes.io/os: linux}
    tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/master, effect: NoSchedule}
      - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
    serviceAccountName: calico-kube-controllers
    priorityClassName: system-cluster-critical
    containers:
      - name: calico-kube-controllers
        imagePullPolicy: IfNotPresent
        livenessProbe:
          exec: {command: [/usr/bin/check-status, -l]}
          periodSeconds: 10
          initialDelaySeconds: 10
          failureThreshold: 6
          timeoutSeconds: 10
        readinessProbe:
          exec: {command: [/usr/bin/check-status, -r]}
          periodSeconds: 10
"""
# release: (image, ENABLED_CONTROLLERS, whether seccompProfile and runAsNonRoot are there)
DIFFERENT = {
    "v3.26.5": ("docker.io/calico/kube-controllers:v3.26.5", "node", False),
    "v3.27.5": ("docker.io/calico/kube-controllers:v3.27.5", "node", False),
    "v3.28.5": ("docker.io/calico/kube-controllers:v3.28.5", "node", False),
    "v3.29.7": ("docker.io/calico/kube-controllers:v3.29.7", "node", True),
    "v3.30.7": ("docker.io/calico/kube-controllers:v3.30.7", "node,loadbalancer", True),
    "v3.31.7": ("quay.io/calico/kube-controllers:v3.31.7", "node,loadbalancer", True),
    "v3.32.1": ("quay.io/calico/kube-controllers:v3.32.1", "node,loadbalancer", True),
}
OURS = {"k8s-app": "calico-kube-controllers", "app.kubernetes.io/managed-by": "hardway.calico"}
TEMPLATES = ("templates/rbac.yaml.j2", "templates/deployment.yaml.j2")


ALONE = {"calico_cluster": {"foreign_kube_controllers": []}}
# What is rendered, all in one process.
CASES = {
    **{version: {"calico_version": version} for version in DIFFERENT},
    "variables": {
        "calico_namespace": "net",
        "calico_image_pull_secrets": ["registry"],
        "kube_controllers_image": "r.example:5000/kc:1",
        "kube_controllers_resources": {"requests": {"cpu": "50m"}},
        "kube_controllers_extra_env": {"RECONCILER_PERIOD": "1m", "ENABLED_CONTROLLERS": "node"},
    },
    **{
        "etcd " + version: {
            "calico_version": version,
            "calico_datastore": "etcd",
            "calico_etcd_endpoints": ["https://10.0.0.1:2379", "https://10.0.0.2:2379"],
            "calico_etcd_clients": {"hashes": {"kube_controllers": "cas-certificate"}},
        }
        for version in ("v3.28.5", "v3.32.1")
    },
    "an upgrade": {"calico_version": "v3.32.1", "calico_former_releases": ["v3.31.7"]},
}
DEBUG = {"kube_controllers_log_severity": "debug"}
DECLARED = (
    ({}, {}),
    (DEBUG, {"logSeverityScreen": "Debug"}),
    (
        {**DEBUG, "kube_controllers_configuration": {"logSeverityScreen": "Error"}},
        {"logSeverityScreen": "Error"},
    ),
)


@pytest.fixture(scope="module", name="role")
def role_fixture():
    """{case: {kind: object that the role applies}}, and under "declared" what its module is given."""
    documents = rendered(
        *(
            ("kube_controllers", path, {**ALONE, **variables})
            for variables in CASES.values()
            for path in TEMPLATES
        ),
        *(("kube_controllers", "tasks/configuration.yml", given) for given, _spec in DECLARED),
    )
    pairs = zip(documents[0::2], documents[1::2])
    found = {
        name: {item["kind"]: item for item in rbac + workload}
        for name, (rbac, workload) in zip(CASES, pairs)
    }
    return {**found, "declared": documents[2 * len(CASES) :]}


@pytest.mark.parametrize("version", list(DIFFERENT))
def test_the_deployment_is_upstreams(role, version):
    image, controllers, secured = DIFFERENT[version]
    wanted = yaml.safe_load(UPSTREAM)
    pod = wanted["template"]["spec"]
    pod["containers"][0].update(
        image=image,
        env=[
            {"name": "ENABLED_CONTROLLERS", "value": controllers},
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
        ],
    )
    if secured:
        pod["securityContext"] = {"seccompProfile": {"type": "RuntimeDefault"}}
        pod["containers"][0]["securityContext"] = {"runAsNonRoot": True}
    found = role[version]["Deployment"]
    # Two that upstream leaves to the API server's defaults.
    assert found["spec"].pop("revisionHistoryLimit") == 2
    assert found["spec"]["template"]["spec"]["containers"][0].pop("resources") == {}
    assert found["spec"] == wanted


def test_a_drain_may_take_it(role):
    budget = role["v3.32.1"]["PodDisruptionBudget"]["spec"]
    assert budget == {
        "maxUnavailable": 1,
        "selector": {"matchLabels": {"k8s-app": "calico-kube-controllers"}},
    }


def test_every_object_carries_the_labels_that_it_is_removed_by(role):
    objects = role["v3.32.1"]
    assert set(objects) == {
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Deployment",
        "PodDisruptionBudget",
    }
    for item in objects.values():
        assert (item["metadata"]["name"], item["metadata"]["labels"]) == (
            "calico-kube-controllers",
            OURS,
        )


def test_variables_reach_the_pod(role):
    spec = role["variables"]["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert (spec["imagePullSecrets"], container["image"], container["resources"]) == (
        [{"name": "registry"}],
        "r.example:5000/kc:1",
        {"requests": {"cpu": "50m"}},
    )
    assert {entry["name"]: entry["value"] for entry in container["env"]} == {
        "ENABLED_CONTROLLERS": "node",
        "DATASTORE_TYPE": "kubernetes",
        "RECONCILER_PERIOD": "1m",
    }


# manifests/calico-etcd.yaml at v3.28.5 and v3.32.1, by hand. The Secret and the literal values are ours: upstream's
# pods share one Secret and read a ConfigMap.
ETCD = {
    "v3.28.5": "policy,namespace,serviceaccount,workloadendpoint,node",
    "v3.32.1": "policy,namespace,serviceaccount,workloadendpoint,node,loadbalancer",
}


@pytest.mark.parametrize("version", list(ETCD))
def test_with_data_in_etcd_it_is_upstreams_too(role, version):
    objects = role["etcd " + version]
    spec = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["hostNetwork"] is True and spec["volumes"] == [
        {
            "name": "etcd-certs",
            "secret": {"secretName": "calico-etcd-kube-controllers", "defaultMode": 288},
        }
    ]
    assert container["volumeMounts"] == [
        {"name": "etcd-certs", "mountPath": "/calico-secrets", "readOnly": True}
    ]
    assert {entry["name"]: entry["value"] for entry in container["env"]} == {
        "ENABLED_CONTROLLERS": ETCD[version],
        "ETCD_ENDPOINTS": "https://10.0.0.1:2379,https://10.0.0.2:2379",
        "ETCD_CA_CERT_FILE": "/calico-secrets/etcd-ca",
        "ETCD_CERT_FILE": "/calico-secrets/etcd-cert",
        "ETCD_KEY_FILE": "/calico-secrets/etcd-key",
    }
    groups = {group for rule in objects["ClusterRole"]["rules"] for group in rule["apiGroups"]}
    assert "networking.k8s.io" in groups and "kubevirt.io" not in groups


def test_another_ca_of_etcds_servers_makes_another_pod(role):
    template = role["etcd v3.32.1"]["Deployment"]["spec"]["template"]
    assert template["metadata"]["annotations"] == {"hardway.calico/etcd-cas": "cas"}


@pytest.mark.parametrize("version", ["v3.28.5", "v3.32.1"])
def test_the_pods_user_reads_its_certificate_whatever_the_images_group(role, version):
    """On kind an image whose user 999 is of the group 999 ended with "permission denied": the files are root:root."""
    pod = role["etcd " + version]["Deployment"]["spec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    assert volume["secret"]["defaultMode"] == 0o440
    secured = {"seccompProfile": {"type": "RuntimeDefault"}} if version == "v3.32.1" else {}
    assert pod["securityContext"] == {**secured, "fsGroup": 999}


def test_an_upgrade_grants_the_rights_of_both_releases(role):
    old, new, both = (
        role[name]["ClusterRole"]["rules"] for name in ("v3.31.7", "v3.32.1", "an upgrade")
    )
    assert all(rule in both for rule in old + new) and len(both) > len(new)


@pytest.mark.parametrize("number", range(len(DECLARED)))
def test_what_is_declared(role, number):
    arguments = role["declared"][number]["hardway.calico.kube_controllers_configuration"]
    assert arguments["spec"] == DECLARED[number][1]
