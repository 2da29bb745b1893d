# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that choose the datastore and give access to etcd, called as calicoctl calls them.

Documented in doc_fragments/datastore.py; a test holds the two equal.
"""

from __future__ import annotations

import typing as t

KUBERNETES, ETCD = "kubernetes", "etcdv3"

DATASTORE_ARGS: dict[str, dict[str, t.Any]] = {
    "datastore_type": {"type": "str", "choices": [KUBERNETES, ETCD], "default": KUBERNETES},
    "etcd_endpoints": {"type": "list", "elements": "str"},
    "etcd_discovery_srv": {"type": "str"},
    "etcd_ca_cert": {"type": "path"},
    "etcd_ca_cert_content": {"type": "str"},
    "etcd_cert": {"type": "path"},
    "etcd_cert_content": {"type": "str"},
    "etcd_key": {"type": "path", "no_log": False},
    "etcd_key_content": {"type": "str", "no_log": True},
    "etcd_username": {"type": "str"},
    "etcd_password": {"type": "str", "no_log": True},
}
