# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for calicoctl @VERSION@, made by hardway.calico's lab: `version` and `get nodes` only,
from the Kubernetes API.

Like the real one it is told where the datastore is by DATASTORE_TYPE and KUBECONFIG or by /etc/calico/calicoctl.cfg.
"""

import base64
import json
import os
import re
import ssl
import sys
import urllib.request


def setting(name, pattern, text):
    found = re.search(pattern, text, re.M)
    return os.environ.get(name) or (found.group(1) if found else None)


def memory_file(content):
    fd = os.memfd_create("pem")
    os.write(fd, content)
    return "/proc/self/fd/%d" % fd


def content(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def main():
    if sys.argv[1:] == ["version"]:
        print("Client Version:    @VERSION@ (stand-in)")
        return 0
    if sys.argv[1:] not in (["get", "nodes"], ["get", "node"]):
        sys.exit("calicoctl (stand-in): only `version` and `get nodes`")
    path = "/etc/calico/calicoctl.cfg"
    config = content(path) if os.path.exists(path) else ""
    if setting("DATASTORE_TYPE", r"datastoreType:\s*(\S+)", config) != "kubernetes":
        sys.exit("calicoctl (stand-in): the datastore is not Kubernetes; set DATASTORE_TYPE")
    path = setting("KUBECONFIG", r"kubeconfig:\s*(\S+)", config)
    if path is None:
        sys.exit("calicoctl (stand-in): no KUBECONFIG")
    kubeconfig = content(path)

    def field(name):
        return re.search(name + r":\s*(\S+)", kubeconfig).group(1)

    context = ssl.create_default_context(
        cadata=base64.b64decode(field("certificate-authority-data")).decode()
    )
    context.load_cert_chain(
        *(
            memory_file(base64.b64decode(field("client-%s-data" % part)))
            for part in ("certificate", "key")
        )
    )
    with urllib.request.urlopen(
        field("server") + "/api/v1/nodes", context=context, timeout=10
    ) as answer:
        nodes = json.load(answer)["items"]
    print("NAME")
    for node in nodes:
        print(node["metadata"]["name"])
    return 0


sys.exit(main())
