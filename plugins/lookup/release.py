# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: release
short_description: What the version table says about a Calico release
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Returns what differs between Calico releases, that is RBAC rules, CRDs, images, URLs, digests, the Kubernetes
    range and the differences in workloads and CNI configuration.
  - It asks nobody; the table is part of the collection.
options:
  _terms:
    description:
      - Releases, as V(v3.32.1), V(3.32.1) or V(3.32). A minor means the newest patch that the table lists.
      - Any patch of a supported minor is accepted; for one that the table does not list, it has no digests.
    type: list
    elements: str
    required: true
  key:
    description: Return only the value at this dotted path of RV(_list), for example V(rbac.typha).
    type: str
  registry:
    description: Registry and path of the RV(_list[].images) in place of upstream's. Deprecated, and removed in 2.0.0;
      use the lookup P(hardway.calico.image#lookup).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the rights that Typha needs
  ansible.builtin.debug:
    msg: "{{ lookup('hardway.calico.release', 'v3.32.1').rbac.typha }}"

- name: Show the image registry of a release
  ansible.builtin.debug:
    msg: "{{ lookup('hardway.calico.release', '3.30', key='registry') }}"
"""

RETURN = r"""
_list:
  description: One dictionary for each release, or the value that O(key) names.
  type: list
  elements: dict
  contains:
    version:
      description: The release with its V(v).
      type: str
      sample: v3.32.1
    minor:
      description: The release's minor.
      type: str
      sample: "3.32"
    latest:
      description: The newest patch of that minor that the table lists.
      type: str
      sample: v3.32.1
    registry:
      description: The registry and path of upstream's images.
      type: str
      sample: quay.io/calico
    images:
      description: Upstream's images of C(node), C(typha), C(cni) and C(kube_controllers), with registry and tag. For
        other registries there is the lookup P(hardway.calico.image#lookup).
      type: dict
      sample: {node: "quay.io/calico/node:v3.32.1"}
    architectures:
      description: The architectures of the release's binaries and images, in Go's naming.
      type: list
      elements: str
      sample: [amd64, arm64, ppc64le, s390x]
    kubernetes:
      description: The Kubernetes versions that the release was tested with, C(min) to C(max), and C(floor) below
        which it does not work.
      type: dict
      sample: {min: "1.34", max: "1.36", floor: "1.21"}
    rbac:
      description:
        - C(rules) of the ClusterRoles of C(node), C(typha), C(cni) and C(kube_controllers), in a fixed order.
        - C(etcd_node), C(etcd_cni) and C(etcd_kube_controllers) are theirs with Calico's data in etcd, and
          C(etcd_node_token) what calico/node needs besides for install-cni.
      type: dict
      sample: {cni: [{apiGroups: [""], resources: [namespaces, nodes, pods], verbs: [get]}]}
    crds:
      description: The C(names) of the release's CRDs and the C(sha256) of its C(crds.yaml), null for a patch that is
        not listed.
      type: dict
      sample: {names: [bgpconfigurations.crd.projectcalico.org],
        sha256: ec6d7ac63999ff5df68aa02dcb37063496306de16df04f5f26a4588819e707ec}
    calicoctl:
      description: C(sha256) of calicoctl by architecture, as far as the table knows them.
      type: dict
      sample: {sha256: {}}
    urls:
      description: Upstream's URLs of the C(release) archive, C(calicoctl), C(crds) and C(checksums). In them
        C({arch}) is the architecture.
      type: dict
      sample: {checksums: "https://github.com/projectcalico/calico/releases/download/v3.32.1/SHA256SUMS"}
    cni_plugins:
      description: The C(version), C(url) and known C(sha256) by architecture of the reference CNI plugins.
      type: dict
      sample: {version: v1.9.1}
    node:
      description: What differs in the DaemonSet calico-node, namely C(seccomp_profile).
      type: dict
      sample: {seccomp_profile: true}
    typha:
      description: What differs in the Deployment calico-typha, namely C(seccomp_profile) and C(discovery)
        (C(endpoints) or C(endpointslices)).
      type: dict
      sample: {seccomp_profile: true, discovery: endpointslices}
    cni:
      description: What differs in the CNI configuration, namely C(bandwidth) (whether upstream chains that plugin)
        and C(cni_version).
      type: dict
      sample: {bandwidth: false, cni_version: "0.3.1"}
    kube_controllers:
      description: What differs in the Deployment calico-kube-controllers, namely C(enabled_controllers),
        C(seccomp_profile) and C(run_as_non_root), and C(policy_migration) (whether it renames policies of older
        releases).
      type: dict
      sample: {enabled_controllers: "node,loadbalancer"}
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release.table import at, release


def _from(registry: str, about: dict[str, t.Any]) -> dict[str, t.Any]:
    """The release with its images in another registry, "" for upstream's."""
    if not registry:
        return about
    names = {name: image.rpartition("/")[2] for name, image in about["images"].items()}
    return {**about, "images": {name: registry + "/" + last for name, last in names.items()}}


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[t.Any]:
        self.set_options(var_options=variables, direct=kwargs)
        key, registry = self.get_option("key"), self.get_option("registry")
        if registry:
            Display().deprecated(
                "Option registry of the lookup hardway.calico.release: use the lookup hardway.calico.image.",
                version="2.0.0",
                collection_name="hardway.calico",
            )
        try:
            found = [_from(registry, release(term)) for term in terms]
            return [at(about, key) if key else about for about in found]
        except CalicoError as exc:
            raise AnsibleLookupError(str(exc)) from exc
