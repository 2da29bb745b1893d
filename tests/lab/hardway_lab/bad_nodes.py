# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad nodes: those where calico/node runs but never becomes Ready, by kwok stages of the lab's own.

A stage sees the pod and not its node, so the nodes' names are in the stage, and kwok is started again to read it.
"""

from __future__ import annotations

import json

from hardway_lab import binaries, network, processes
from hardway_lab.control_plane import ControlPlane
from hardway_lab.errors import LabError
from hardway_lab.state import State, locked

REASON = "ContainersNotReady"


def hold(name, nodes):
    """Let calico/node be not Ready on these nodes, from the next pod on, and everywhere else become Ready again."""
    state = State(name)
    shape = state.shape()
    if not shape or not shape.get("complete"):
        raise LabError("there is no lab %s" % name)
    unknown = sorted(set(nodes) - {host["name"] for host in shape["hosts"]})
    if unknown:
        raise LabError("the lab %s has no host %s" % (name, ", ".join(unknown)))
    with locked("bad-nodes"):
        # JSON is YAML.
        state.held.write_text(
            "".join("---\n%s\n" % json.dumps(stage) for stage in _stages(nodes)), encoding="utf-8"
        )
        plane = ControlPlane(
            state, network.Network(shape["index"]), shape["index"], binaries.find_all()
        )
        processes.end_one(name, plane.programs["kwok"])
        for host in shape["hosts"]:
            # The new process has another identity, and would wait until the leases of the old one end.
            plane.request(
                "DELETE",
                "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/" + host["name"],
            )
        plane.start_kwok()


def _stages(nodes):
    held = {
        "selector": {
            "matchLabels": {"k8s-app": "calico-node"},
            "matchExpressions": [
                {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
                {"key": ".status.podIP", "operator": "DoesNotExist"},
                {"key": ".spec.nodeName", "operator": "In", "values": nodes},
            ],
        },
        # Stronger than pod-ready, which has no weight.
        "weight": 100,
        "next": {"statusTemplate": RUNNING},
    }
    not_ready = {
        "key": '.status.conditions.[] | select( .type == "Ready" ) | .reason',
        "operator": "In",
        "values": [REASON],
    }
    elsewhere = {"key": ".spec.nodeName", "operator": "NotIn", "values": nodes}
    healed = {
        "selector": {
            "matchLabels": {"k8s-app": "calico-node"},
            "matchExpressions": [not_ready] + ([elsewhere] if nodes else []),
        },
        "next": {"statusTemplate": HEALED},
    }
    specs = {"pod-held": held, "pod-healed": healed} if nodes else {"pod-healed": healed}
    for name, spec in specs.items():
        spec = {"resourceRef": {"apiGroup": "v1", "kind": "Pod"}, **spec}
        yield {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "Stage",
            "metadata": {"name": name},
            "spec": spec,
        }


RUNNING = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ NodeIPWith .spec.nodeName | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- type: Ready
  status: "False"
  reason: ContainersNotReady
  message: "containers with unready status: [calico-node]"
  lastTransitionTime: {{ $now | Quote }}
- {type: ContainersReady, status: "False", reason: ContainersNotReady, lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  restartCount: 0
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""

HEALED = """
{{ $now := Now }}
conditions:
- {type: Ready, status: "True", reason: "", message: "", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", reason: "", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""
