# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of a lab, as a user would write it."""

from __future__ import annotations

import json


def write(state, shape, release_url):
    def group(wanted):
        return {
            "hosts": {
                host["name"]: {"ansible_host": host["address"]}
                for host in shape["hosts"]
                if wanted in host["groups"]
            }
        }

    variables = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(state.ssh_key),
        "ansible_ssh_common_args": "-o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o StrictHostKeyChecking=yes"
        % state.known_hosts,
        "ansible_python_interpreter": "/usr/bin/python3",
        "calico_release_mirror": release_url,
    }
    if shape.get("etcd"):
        variables.update(calico_datastore="etcd", calico_etcd_endpoints=shape["etcd"])
    # JSON is YAML.
    content = {
        "all": {
            "vars": variables,
            "children": {name: group(name) for name in ("masters", "workers")},
        }
    }
    state.inventory.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def for_ansible(state):
    """The same as an inventory script prints it (ansible-inventory --list)."""
    everything = json.loads(state.inventory.read_text(encoding="utf-8"))["all"]
    groups = {
        name: {"hosts": list(group["hosts"])} for name, group in everything["children"].items()
    }
    hosts = {
        host: values
        for group in everything["children"].values()
        for host, values in group["hosts"].items()
    }
    return json.dumps(
        {
            **groups,
            "all": {"vars": everything["vars"], "children": list(groups)},
            "_meta": {"hostvars": hosts},
        },
        indent=2,
    )
