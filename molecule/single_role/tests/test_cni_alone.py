# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one role leaves in somebody else's play: its own part, with the play's options, and nothing else."""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://all"]


def test_the_plays_options_are_in_the_conflist(node):
    assert (node["conflist"]["name"], node["conflist"]["plugins"][0]["mtu"]) == ("fleet-net", 1450)


def test_the_api_knows_every_node_as_the_cni_user(node):
    status, answer = node["who"]
    assert (status, answer["status"]["userInfo"]["username"]) == (201, "calico-cni")
    # No CRDs without the role datastore: the right to read pools is there, the pools are not.
    assert (node["pools"][0], node["secrets"]) == (404, 403)


def test_the_plugins_are_there(node):
    assert all(node["programs"].values()), node["programs"]


def test_the_plays_own_variables_reached_nothing_of_ours(host):
    listed = host.check_output(
        "find /etc/cni -type f -printf '%m %p\\n'; cat /etc/cni/net.d/10-calico.conflist /etc/fleet"
    )
    assert (
        "600 /etc/cni/net.d/calico-kubeconfig" in listed
        and "777" not in listed
        and "nowhere" not in listed
    )
    assert listed.endswith("autumn 7")


@pytest.mark.parametrize(
    "place",
    [
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/daemonsets",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    ],
)
def test_no_other_role_ran(cluster, place):
    assert cluster.items(place) == []


def test_the_cluster_has_this_roles_objects_only(cluster):
    def named(place):
        return {
            item["metadata"]["name"]
            for item in cluster.items(place)
            if "calico" in item["metadata"]["name"]
        }

    assert (
        named("/apis/rbac.authorization.k8s.io/v1/clusterroles")
        == named("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")
        == {"calico-cni"}
    )
    assert named("/api/v1/secrets") == {"calico-cni-credential"}
