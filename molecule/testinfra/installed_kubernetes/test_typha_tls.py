# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutual TLS between every node and every Typha, with what the containers find at the paths that
their environment names (guide steps 9 and 13).

With TYPHA_STAND_IN=true (the lab, where no Typha runs) a stand-in listens where each Typha pod
would: then these tests show that certificates, mounts, environment and Service fit together, and
nothing about Typha's own program.
"""

from __future__ import annotations

import os
import subprocess

import pytest
from pod_files import Container

PORT = 5473


@pytest.fixture(scope="module")
def typhas(cluster):
    """Addresses and ports at which clients find Typha: its pods; where a real one runs, the Service's as well."""
    targets = [[pod["status"]["podIP"], PORT] for pod in cluster.pods("calico-typha")]
    assert targets
    if os.environ.get("TYPHA_STAND_IN") != "true":
        yield [
            *targets,
            [
                cluster.get("/api/v1/namespaces/kube-system/services/calico-typha")["spec"][
                    "clusterIP"
                ],
                PORT,
            ],
        ]
        return
    typha = Container(cluster, "deployments", "calico-typha")
    material = {
        name: typha.file_named_by(variable).decode()
        for name, variable in (
            ("ca", "TYPHA_CAFILE"),
            ("certificate", "TYPHA_SERVERCERTFILE"),
            ("key", "TYPHA_SERVERKEYFILE"),
        )
    }
    places = {
        pod["spec"]["nodeName"]: pod["status"]["podIP"] for pod in cluster.pods("calico-typha")
    }
    processes = [
        cluster.start_python(
            host,
            "node/stand_in_typha.py",
            address=address,
            port=PORT,
            client_cn=typha.env["TYPHA_CLIENTCN"],
            **material,
        )
        for host, address in places.items()
    ]
    yield targets
    for process in processes:
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def pairs(cluster, tmp_path_factory):
    """Certificates with keys that clients may show, and none."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=calico-node",
            "-keyout",
            folder / "key",
            "-out",
            folder / "crt",
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    node, typha = (
        Container(cluster, "daemonsets", "calico-node"),
        Container(cluster, "deployments", "calico-typha"),
    )
    return {
        "none": [],
        "calico/node's": [
            node.file_named_by(variable).decode()
            for variable in ("FELIX_TYPHACERTFILE", "FELIX_TYPHAKEYFILE")
        ],
        "Typha's own": [
            typha.file_named_by(variable).decode()
            for variable in ("TYPHA_SERVERCERTFILE", "TYPHA_SERVERKEYFILE")
        ],
        "a stranger's of the right name": [
            (folder / part).read_text(encoding="utf-8") for part in ("crt", "key")
        ],
    }


@pytest.fixture(scope="module")
def answers(cluster, typhas, pairs):
    """{certificate shown: {host: what each Typha did}}."""
    node = Container(cluster, "daemonsets", "calico-node")
    given = {
        "ca": node.file_named_by("FELIX_TYPHACAFILE").decode(),
        "server_cn": node.env["FELIX_TYPHACN"],
        "targets": typhas,
        "pairs": pairs,
    }
    seen = cluster.python_everywhere("node/typha_client.py", **given)
    return {shown: {host: answer[shown] for host, answer in seen.items()} for shown in pairs}


def test_clients_look_for_the_service_that_is_there(cluster):
    node = Container(cluster, "daemonsets", "calico-node")
    path = "/api/v1/namespaces/%s/services/%s" % (
        node.env.get("FELIX_TYPHAK8SNAMESPACE", "kube-system"),
        node.env["FELIX_TYPHAK8SSERVICENAME"],
    )
    assert [(port["name"], port["port"]) for port in cluster.get(path)["spec"]["ports"]] == [
        ("calico-typha", PORT)
    ]


def test_calico_nodes_certificate_is_accepted_from_every_node(answers, typhas):
    assert answers["calico/node's"] == {
        host: ["accepted"] * len(typhas) for host in answers["calico/node's"]
    }


@pytest.mark.parametrize("shown", ["none", "Typha's own", "a stranger's of the right name"])
def test_anything_else_is_refused(answers, shown):
    assert [
        answer
        for each in answers[shown].values()
        for answer in each
        if not answer.startswith("refused")
    ] == []


def test_the_refusal_says_that_a_certificate_is_missing(answers):
    """As the guide's curl shows it: "certificate required" in TLS 1.3, or before
    "bad certificate" or "handshake failure".
    """
    said = {answer.upper() for each in answers["none"].values() for answer in each}
    assert said and all(
        any(
            word in answer
            for word in ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "HANDSHAKE_FAILURE")
        )
        for answer in said
    ), said
