# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each role works alone, from a play that knows nothing of the others."""

from __future__ import annotations

import json

from hardway_testbed.ansible import play, write_playbook

CNI_ONLY = """
- name: Somebody else's play
  hosts: all
  gather_facts: false
  roles:
    - hardway.calico.cni
"""

TYPHA_ONLY = """
- name: Another play
  hosts: localhost
  gather_facts: false
  roles:
    - hardway.calico.typha
"""

NODE_ONLY = """
- name: A play with calico/node before Typha
  hosts: localhost
  gather_facts: false
  roles:
    - hardway.calico.node
"""


def test_node_alone_says_that_typha_comes_first(lab, tmp_path):
    run = play(lab, playbook=write_playbook(tmp_path, NODE_ONLY))
    assert run.returncode != 0 and "run the role hardway.calico.typha first" in run.output
    assert lab.objects("daemonsets", "kube-system") == []


def test_cni_alone_on_all_hosts(lab, tmp_path):
    playbook = write_playbook(tmp_path, CNI_ONLY)
    play(lab, playbook=playbook).succeeded()
    for host in lab.hosts:
        conflist = json.loads(lab.exec(host, "cat", "/etc/cni/net.d/10-calico.conflist"))
        assert conflist["plugins"][0]["type"] == "calico"
    assert set(play(lab, playbook=playbook).succeeded().changed.values()) == {0}


def test_typha_alone_on_localhost(lab, tmp_path):
    playbook = write_playbook(tmp_path, TYPHA_ONLY)
    play(lab, playbook=playbook).succeeded()
    typha = json.loads(
        lab.kubectl("get", "deployment", "-n", "kube-system", "calico-typha", "-o", "json")
    )
    assert typha["status"]["availableReplicas"] == 2
    assert set(play(lab, playbook=playbook).succeeded().changed.values()) == {0}


def test_a_rollout_that_cannot_end_says_why(lab, tmp_path):
    """Five replicas with a host port do not fit on three nodes: the trap that the guide's own cluster fell into."""
    arguments = ["-e", json.dumps({"typha_replicas": 5, "calico_rollout_timeout": 10})]
    run = play(lab, *arguments, playbook=write_playbook(tmp_path, TYPHA_ONLY))
    assert run.returncode != 0
    assert (
        "3 of 5 replicas are available" in run.output
        and "free ports" in run.output
        and "Remedy" in run.output
    )
    play(lab, playbook=write_playbook(tmp_path, TYPHA_ONLY)).succeeded()


def test_push_delivers_the_binaries_from_the_controller(lab, tmp_path):
    for host in lab.hosts:
        lab.exec(host, "rm", "-rf", "/opt/cni/bin", "/var/lib/hardway-calico")
    run = play(
        lab, "-e", "cni_binaries_delivery=push", playbook=write_playbook(tmp_path, CNI_ONLY)
    ).succeeded()
    for worker in lab.workers:
        assert "calico-ipam" in lab.exec(worker, "ls", "/opt/cni/bin")
        assert run.on(worker) <= 6


TYPHA_AND_NODE = """
- name: A play that takes its images from a registry of its own
  hosts: localhost
  gather_facts: false
  roles:
    - hardway.calico.typha
    - hardway.calico.node
"""
DIGESTS = {name: "sha256:" + letter * 64 for name, letter in zip(("node", "typha"), "ab")}
PRIVATE = {
    "calico_registry": "registry.example.com:5000",
    "calico_image_path": "mirror",
    "calico_image_prefix": "calico-",
    "calico_image_digests": {
        "v3.32.1": {**DIGESTS, "kube_controllers": "sha256:" + "c" * 64},
        "v3.31.7": {**DIGESTS, "kube_controllers": "sha256:" + "c" * 64},
    },
    "calico_image_pull_policy": "Always",
    "calico_image_pull_secrets": ["puller"],
}


def test_images_of_a_private_registry_reach_every_pod(lab, tmp_path):
    playbook, private = write_playbook(tmp_path, TYPHA_AND_NODE), ["-e", json.dumps(PRIVATE)]
    before = lab.objects("deployments", "kube-system") + lab.objects("daemonsets", "kube-system")
    run = play(lab, *private, playbook=playbook)
    assert run.returncode != 0 and "no Secret puller" in run.output
    after = lab.objects("deployments", "kube-system") + lab.objects("daemonsets", "kube-system")
    assert [item["metadata"]["generation"] for item in before] == [
        item["metadata"]["generation"] for item in after
    ]

    lab.kubectl(
        *("create", "secret", "docker-registry", "puller", "--namespace", "kube-system"),
        *("--docker-server", "registry.example.com:5000", "--docker-username", "puller"),
        *("--docker-password", "the-pullers-password"),
    )
    run = play(lab, "-vvv", *private, playbook=playbook).succeeded()
    assert "the-pullers-password" not in run.output and '"puller"' in run.output
    pods = [
        pod
        for pod in lab.objects("pods", "kube-system")
        if pod["metadata"]["labels"].get("k8s-app") in ("calico-node", "calico-typha")
        and "deletionTimestamp" not in pod["metadata"]
    ]
    assert len(pods) == 2 + len(lab.hosts)
    for pod in pods:
        name = pod["metadata"]["labels"]["k8s-app"]
        (container,) = pod["spec"]["containers"]
        assert container["image"] == "registry.example.com:5000/mirror/%s:v3.32.1@%s" % (
            name,
            DIGESTS[name.removeprefix("calico-")],
        )
        assert container["imagePullPolicy"] == "Always"
        assert pod["spec"]["imagePullSecrets"] == [{"name": "puller"}]
    assert set(play(lab, *private, playbook=playbook).succeeded().changed.values()) == {0}

    # The tag beside the digest tells which release runs.
    run = play(lab, *private, "-e", "calico_version=v3.31.7", playbook=playbook)
    assert run.returncode != 0
    assert "v3.32.1 in the image of DaemonSet kube-system/calico-node" in run.output
