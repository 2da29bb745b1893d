# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After check mode on the empty cluster nothing of ours is there."""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://all"]

PLACES = (
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    "/api/v1/secrets",
    "/api/v1/configmaps",
    "/api/v1/serviceaccounts",
    "/api/v1/services",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
)


@pytest.mark.parametrize("place", PLACES)
def test_no_object(cluster, place):
    assert [
        item["metadata"]["name"]
        for item in cluster.items(place)
        if "calico" in item["metadata"]["name"]
    ] == []


FILES = (
    "/opt/cni/bin/calico",
    "/etc/cni/net.d/10-calico.conflist",
    "/etc/cni/net.d/calico-kubeconfig",
    "/usr/local/bin/calicoctl",
    "/etc/calico",
    "/var/lib/hardway-calico",
)


def test_no_file(host):
    assert host.check_output("ls -d %s 2>/dev/null; true" % " ".join(FILES)) == ""
