# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a node: what the container runtime and the plugin would find here, and what the API answers."""

from __future__ import annotations

import json
import os

from kubeconfig_client import Client

FOLDER = "/etc/cni/net.d"

REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def main(given):
    # The runtime takes the first file of these kinds, and the plugin the kubeconfig that it names.
    found = sorted(
        name for name in os.listdir(FOLDER) if name.endswith((".conf", ".conflist", ".json"))
    )
    with open(os.path.join(FOLDER, found[0]), encoding="utf-8") as file:
        conflist = json.load(file)
    named = conflist["plugins"][0]["kubernetes"]["kubeconfig"]
    with open(named, encoding="utf-8") as file:
        config = json.load(file)
    user, nobody = Client(config), Client(config, anonymous=True)
    print(
        json.dumps(
            {
                "conflist": conflist,
                "programs": {
                    name: os.access(os.path.join("/opt/cni/bin", name), os.X_OK)
                    for name in [plugin["type"] for plugin in conflist["plugins"]]
                    + [conflist["plugins"][0]["ipam"]["type"]]
                },
                "who": user.request(
                    "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", REVIEW
                ),
                "pools": user.request("GET", "/apis/crd.projectcalico.org/v1/ippools"),
                "secrets": user.request("GET", "/api/v1/namespaces/kube-system/secrets")[0],
                "pools of nobody": nobody.request("GET", "/apis/crd.projectcalico.org/v1/ippools")[
                    0
                ],
            }
        )
    )
