# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calico's two datastores as the tests of pools see them: read and written without the code under test."""

from __future__ import annotations

import json

GROUP = "crd.projectcalico.org"
ALL = ["%s.%s" % (plural, GROUP) for plural in ("ippools", "ipamblocks", "blockaffinities")]
V3 = "/calico/resources/v3/projectcalico.org/"
IPAM = "/calico/ipam/v2/"


def named(cidr):
    """How a network is part of a name."""
    return cidr.replace(".", "-").replace(":", "-").replace("/", "-")


def block(cidr, in_use, host):
    """A block's fields, which are the same in both datastores."""
    size = 2 ** (32 - int(cidr.partition("/")[2]))
    return {
        "cidr": cidr,
        "affinity": "host:" + host,
        "allocations": [0] * in_use + [None] * (size - in_use),
        "unallocated": list(range(in_use, size)),
        "attributes": [{"handle_id": "a-pod"}] if in_use else [],
        "sequenceNumber": 3,
        "sequenceNumberForAllocation": {str(index): 1 for index in range(in_use)},
        "deleted": False,
    }


class InKubernetes:
    """Custom resources on a lab's API server, through kubectl."""

    def __init__(self, lab):
        self.lab = lab

    def options(self):
        return {"kubeconfig": self.lab.kubeconfig}

    def clear(self):
        self.lab.kubectl("delete", "--all", ",".join(ALL))

    def _create(self, kind, name, spec, **metadata):
        body = {
            "apiVersion": GROUP + "/v1",
            "kind": kind,
            "metadata": {"name": name, **metadata},
            "spec": spec,
        }
        self.lab.kubectl("create", "-f", "-", stdin=json.dumps(body))

    def put_pool(self, name, labels=None, **spec):
        self._create("IPPool", name, spec, labels=labels or {})

    def change_pool(self, name, **spec):
        text = json.dumps({"spec": spec})
        self.lab.kubectl("patch", "ippools." + GROUP, name, "--type", "merge", "-p", text)

    def replace_pool(self, name, **spec):
        """Another pool of the same name."""
        self.lab.kubectl("delete", "ippools." + GROUP, name)
        self.put_pool(name, **spec)

    def put_block(self, cidr, in_use=0, host="n1"):
        self._create(
            "IPAMBlock", named(cidr), {**block(cidr, in_use, host), "strictAffinity": False}
        )
        spec = {"cidr": cidr, "node": host, "state": "confirmed", "deleted": "false"}
        self._create("BlockAffinity", "%s-%s" % (host, named(cidr)), spec)

    def take_address(self, cidr):
        """As a CNI plugin does."""
        change = {"spec": {"allocations": block(cidr, 1, "n1")["allocations"]}}
        self.lab.kubectl(
            "patch", "ipamblocks." + GROUP, named(cidr), "--type", "merge", "-p", json.dumps(change)
        )

    def _all(self, kind):
        return self.lab.objects("%s.%s" % (kind, GROUP))

    def pools(self):
        """{name: (spec, labels)}"""
        return {
            item["metadata"]["name"]: (item["spec"], item["metadata"].get("labels", {}))
            for item in self._all("ippools")
        }

    def blocks(self):
        """{network: (affinity, addresses in use)}"""
        return {
            item["spec"]["cidr"]: (item["spec"].get("affinity"), _used(item["spec"]))
            for item in self._all("ipamblocks")
        }

    def affinities(self):
        """{(host, network)}"""
        found = self._all("blockaffinities")
        return {(item["spec"]["node"], item["spec"]["cidr"]) for item in found}

    def revisions(self):
        """Of everything that is there."""
        found = self.lab.objects(",".join(ALL))
        return {
            (item["kind"], item["metadata"]["name"]): item["metadata"]["resourceVersion"]
            for item in found
        }


class InEtcd:
    """Keys in a real etcd, as root."""

    def __init__(self, etcd):
        self.etcd = etcd

    def options(self):
        return self.etcd.options()

    def clear(self):
        self.etcd.heal()
        self.etcd.clear()

    def put_pool(self, name, labels=None, **spec):
        metadata = {
            "name": name,
            "uid": "uid-of-%s-%s" % (name, spec["cidr"]),
            "creationTimestamp": "2026-11-21T07:10:00Z",
            **({"labels": labels} if labels else {}),
        }
        self.etcd.put(
            V3 + "ippools/" + name,
            {
                "kind": "IPPool",
                "apiVersion": "projectcalico.org/v3",
                "metadata": metadata,
                "spec": spec,
            },
        )

    def change_pool(self, name, **spec):
        key = V3 + "ippools/" + name
        found = self.etcd.objects()[key]
        found["spec"].update(spec)
        self.etcd.put(key, found)

    def replace_pool(self, name, **spec):
        self.put_pool(name, **spec)
        key = V3 + "ippools/" + name
        found = self.etcd.objects()[key]
        found["metadata"]["uid"] = "another-uid"
        self.etcd.put(key, found)

    def _block_key(self, cidr):
        return IPAM + "assignment/ipv4/block/" + cidr.replace("/", "-")

    def put_block(self, cidr, in_use=0, host="n1"):
        self.etcd.put(self._block_key(cidr), block(cidr, in_use, host))
        self.etcd.put(
            "%shost/%s/ipv4/block/%s" % (IPAM, host, cidr.replace("/", "-")),
            {"state": "confirmed", "deleted": False},
        )

    def take_address(self, cidr):
        found = self.etcd.objects()[self._block_key(cidr)]
        found["allocations"] = block(cidr, 1, "n1")["allocations"]
        self.etcd.put(self._block_key(cidr), found)

    def pools(self):
        return {
            item["metadata"]["name"]: (item["spec"], item["metadata"].get("labels", {}))
            for key, item in self.etcd.objects().items()
            if key.startswith(V3 + "ippools/")
        }

    def blocks(self):
        return {
            item["cidr"]: (item["affinity"], _used(item))
            for key, item in self.etcd.objects().items()
            if key.startswith(IPAM + "assignment/")
        }

    def affinities(self):
        hosts = [key[len(IPAM + "host/") :] for key in self.etcd.everything() if "/host/" in key]
        words = [key.split("/") for key in hosts]
        return {(host, cidr.replace("-", "/")) for host, _version, _block, cidr in words}

    def revisions(self):
        return {key: revision for key, (_value, revision) in self.etcd.everything().items()}


def _used(spec):
    return sum(each is not None for each in spec["allocations"])
