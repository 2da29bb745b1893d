# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  datastore_type:
    description:
      - Where Calico keeps its objects, as C(calicoctl) calls it.
      - With V(etcdv3), every write is bound to the revision that the object was read at, and what one decision reads is
        of one revision.
    type: str
    choices: [kubernetes, etcdv3]
    default: kubernetes
  etcd_endpoints:
    description:
      - The addresses of etcd's members, such as C(https://192.0.2.11:2379). One that answers is enough.
      - With O(datastore_type=etcdv3), these or O(etcd_discovery_srv) are needed.
    type: list
    elements: str
  etcd_discovery_srv:
    description:
      A domain whose SRV records C(_etcd-client-ssl._tcp), or else C(_etcd-client._tcp), name the members, instead of
      O(etcd_endpoints).
    type: str
  etcd_ca_cert:
    description:
      - Path, on the host that runs the module, of the CA that signed the members' certificates.
      - Without it, those that gRPC brings along.
    type: path
  etcd_ca_cert_content:
    description: The CA itself, as PEM, instead of O(etcd_ca_cert).
    type: str
  etcd_cert:
    description: Path of a client certificate. Its common name is the user where etcd's authentication is on.
    type: path
  etcd_cert_content:
    description: The client certificate itself, as PEM, instead of O(etcd_cert).
    type: str
  etcd_key:
    description: Path of the client certificate's key.
    type: path
  etcd_key_content:
    description: The key itself, as PEM, instead of O(etcd_key). It is sent nowhere and written nowhere.
    type: str
  etcd_username:
    description: A user of etcd, where the certificate does not tell it.
    type: str
  etcd_password:
    description: The user's password.
    type: str
requirements:
  - aetcd >= 1.0.0, with O(datastore_type=etcdv3) only
  - dnspython >= 2.6, with O(etcd_discovery_srv) only
"""
