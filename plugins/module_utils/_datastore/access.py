# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's options to the datastore that they choose."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.etcd import EtcdDatastore
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kubernetes import (
    KubernetesDatastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd import access as etcd
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import ETCD
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import (
    access as kubernetes,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi

DATASTORE_ARGS = {**kubernetes.KUBERNETES_ARGS, **etcd.DATASTORE_ARGS}


def datastore(params: dict[str, t.Any], api: KubernetesApi | None = None) -> Datastore:
    """The datastore for a module's parameters (those of DATASTORE_ARGS). Sends nothing yet.

    api: where the module has one already. With etcd, the Kubernetes API is not needed for the datastore itself.
    Raises CalicoError: what connect() of the chosen one raises, and for etcd's address beside the Kubernetes API.
    """
    if params["datastore_type"] == ETCD:
        return EtcdDatastore(etcd.connect(params))
    for name in ("etcd_endpoints", "etcd_discovery_srv"):
        if params[name]:
            raise CalicoError(
                "%s is set, and datastore_type is %s" % (name, params["datastore_type"]),
                expected="etcd's address only where Calico keeps its objects in etcd",
                remedy="set datastore_type: %s, or leave %s out" % (ETCD, name),
            )
    return KubernetesDatastore(api or kubernetes.connect(params))
