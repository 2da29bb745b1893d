# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin's way to the API, from every node (guide steps 3 to 5).

Runtime -> conflist -> kubeconfig -> API server.
"""

from __future__ import annotations

testinfra_hosts = ["ansible://all"]


def test_the_runtime_takes_calicos_network(node):
    assert [plugin["type"] for plugin in node["conflist"]["plugins"]][:2] == ["calico", "portmap"]


def test_every_plugin_that_it_names_is_there(node):
    assert set(node["programs"]) >= {"calico", "calico-ipam", "portmap"} and all(
        node["programs"].values()
    ), node["programs"]


def test_the_api_knows_the_user_by_its_certificate(node):
    status, answer = node["who"]
    assert (status, answer["status"]["userInfo"]["username"]) == (201, "calico-cni")


def test_the_user_reads_the_pools_and_no_secret(node):
    status, answer = node["pools"]
    assert status == 200 and len(answer["items"]) > 0
    assert node["secrets"] == 403


def test_without_the_certificate_the_api_refuses(node):
    assert node["pools of nobody"] in (401, 403)
