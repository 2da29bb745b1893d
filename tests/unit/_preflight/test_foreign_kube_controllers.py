# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the objects that the role kube_controllers applies somebody else has made."""

from __future__ import annotations

import pytest
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._preflight.cluster import (
    made_by_others,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.read import (
    kube_controllers,
)

NAME = "calico-kube-controllers"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/net/deployments/" + NAME,
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/net/poddisruptionbudgets/" + NAME,
    "ServiceAccount": "/api/v1/namespaces/net/serviceaccounts/" + NAME,
    "ClusterRole": RBAC + "/clusterroles/" + NAME,
    "ClusterRoleBinding": RBAC + "/clusterrolebindings/" + NAME,
}
OURS = {"k8s-app": NAME, "app.kubernetes.io/managed-by": "hardway.calico"}
SELECTOR = {"matchLabels": {"app": "theirs"}}

DEPLOYMENT = {"kind": "Deployment", "selector": SELECTOR, "strategy": "RollingUpdate"}


def item(kind, labels=None):
    metadata = {"name": NAME, **({"labels": labels} if labels else {})}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}
    return {"metadata": metadata, "spec": {"selector": SELECTOR, "strategy": strategy}}


def found(**labels):
    """What is told of a cluster with objects of these kinds and labels."""
    api = RecordedApi({PATHS[kind]: item(kind, given) for kind, given in labels.items()})
    told = made_by_others(kube_controllers(api, "net"))
    assert [request[0] for request in api.requests] == ["GET"] * len(PATHS)
    return told


@pytest.mark.parametrize("there", [{}, dict.fromkeys(PATHS, OURS)])
def test_what_is_not_there_and_what_the_collection_made_is_nobody_elses(there):
    assert found(**there) == []


@pytest.mark.parametrize(
    "labels",
    [
        None,
        {"k8s-app": NAME},
        {"k8s-app": NAME, "app.kubernetes.io/managed-by": "Helm"},
        {"app.kubernetes.io/managed-by": "hardway.calicoctl"},
    ],
)
def test_what_has_not_the_collections_label_is_somebody_elses(labels):
    there = {**dict.fromkeys(PATHS, OURS), "Deployment": labels, "ServiceAccount": labels}
    assert found(**there) == [
        DEPLOYMENT,
        {"kind": "ServiceAccount", "selector": {}, "strategy": ""},
    ]


class Limited(RecordedApi):
    """An account that is refused what is not in the namespace."""

    status = 403

    def get(self, path):
        if path.startswith(RBAC):
            raise CalicoError("The API server refused GET %s" % path, status=self.status)
        return super().get(path)


def test_an_account_that_may_not_look_is_not_stopped():
    api = Limited({PATHS[kind]: item(kind) for kind in ("Deployment", "ClusterRole")})
    told = made_by_others(kube_controllers(api, "net"))
    assert told == [DEPLOYMENT]
    api.status = 500
    with pytest.raises(CalicoError, match="refused GET .*clusterroles"):
        kube_controllers(api, "net")
