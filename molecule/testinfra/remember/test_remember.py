# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps for unmoved/ what is there now."""

from __future__ import annotations

import json

from traces import traces


def test_remember(cluster, kept):
    found = traces(cluster)
    assert "/apis/apps/v1/daemonsets/kube-system/calico-node" in found["api"]
    assert all("/etc/cni/net.d/calico-kubeconfig" in found[host] for host in cluster.hosts)
    (kept / "traces.json").write_text(json.dumps(found), encoding="utf-8")
