# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the version table lacks for a release, or says otherwise than the release's own files: values in, sentences out.

For whoever adds a release (docs/adding-a-release.md, scripts/release_gaps.py). A minor without a row is compared with what the
open rows say of it.
"""

from __future__ import annotations

import json

from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds,
    files,
    rbac,
    rules,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import minors as table

# Upstream's ClusterRoles. Typha has none: its Deployment runs under calico-node's account.
CLUSTER_ROLES = {
    "node": "calico-node",
    "typha": "calico-node",
    "cni": "calico-cni-plugin",
    "kube_controllers": "calico-kube-controllers",
}
# Lets kube-controller-manager see tiers where the API group projectcalico.org is served, since v3.29.
OTHER_CLUSTER_ROLES = ("calico-tier-getter",)
ANY = None
# Where the table differs on purpose: (role, group, resources, verbs, why).
ON_PURPOSE = (
    (ANY, "projectcalico.org", ANY, ANY, "the CRDs are those of crd.projectcalico.org"),
    (
        "node",
        "",
        "serviceaccounts/token",
        "create",
        "CALICO_MANAGE_CNI=false turns the token refresher off",
    ),
    (
        "typha",
        rbac.CRD,
        "globalbgpconfigs ipamhandles ipreservations",
        ANY,
        "no syncer of Typha reads it",
    ),
    ("typha", rbac.CRD, "globalfelixconfigs", "list watch", "Typha reads one by name, up to v3.31"),
    (
        "typha",
        "",
        "endpoints",
        "list watch",
        "Typha reads endpoints by name only, and none from v3.31 on",
    ),
    (
        "cni",
        rbac.CRD,
        "clusterinformations",
        "list create update delete",
        "the plugin only reads it",
    ),
    ("cni", rbac.CRD, "ippools ipreservations", "create update delete", "the plugin only reads it"),
    (
        "cni",
        rbac.CRD,
        "ipamconfigs",
        "list update delete",
        "the plugin makes it where it is missing",
    ),
    ("cni", rbac.CRD, "ipamconfigurations", ANY, "the name in the API group projectcalico.org"),
)
# Typha's role is made of what its syncers read, so only these of calico-node's verbs say anything about it.
SYNCERS = ("list", "watch")
# What upstream's manifests set in every supported release.
ENVIRONMENT = {
    "calico-node": """
        CALICO_DISABLE_FILE_LOGGING CALICO_IPV4POOL_IPIP CALICO_IPV4POOL_VXLAN CALICO_IPV6POOL_VXLAN CALICO_NETWORKING_BACKEND CLUSTER_TYPE
        DATASTORE_TYPE FELIX_DEFAULTENDPOINTTOHOSTACTION FELIX_HEALTHENABLED FELIX_IPINIPMTU FELIX_IPV6SUPPORT FELIX_TYPHAK8SSERVICENAME
        FELIX_VXLANMTU FELIX_WIREGUARDMTU IP NODENAME WAIT_FOR_DATASTORE
    """,
    "calico-typha": """
        TYPHA_CONNECTIONREBALANCINGMODE TYPHA_DATASTORETYPE TYPHA_HEALTHENABLED TYPHA_LOGFILEPATH TYPHA_LOGSEVERITYSCREEN TYPHA_LOGSEVERITYSYS
        TYPHA_SHUTDOWNTIMEOUTSECS
    """,
    "calico-kube-controllers": "DATASTORE_TYPE ENABLED_CONTROLLERS",
}
SUBJECTS = {
    "calico-node": "node",
    "calico-typha": "typha",
    "calico-kube-controllers": "kube_controllers",
}
# What the containers run and mount in every supported release; the roles' templates rest on it, apart from the table.
PROGRAMS = {
    "calico-node": {
        "image": "node",
        "livenessProbe": "/bin/calico-node -felix-live -bird-live",
        "readinessProbe": "/bin/calico-node -felix-ready -bird-ready",
        "preStop": "/bin/calico-node -shutdown",
    },
    "calico-typha": {
        "image": "typha",
        "livenessProbe": "localhost:9098/liveness",
        "readinessProbe": "localhost:9098/readiness",
    },
    "calico-kube-controllers": {
        "image": "kube-controllers",
        "livenessProbe": "/usr/bin/check-status -l",
        "readinessProbe": "/usr/bin/check-status -r",
    },
}
# Of calico/node; /sys/kernel/security in v3.31 only.
MOUNTS = """
    /host/etc/cni/net.d /lib/modules /run/xtables.lock /sys/fs/bpf /sys/kernel/security /var/lib/calico /var/log/calico/cni /var/run/calico /var/run/nodeagent
"""


def gaps(minor, patch, documents, crds_sha256, sums):
    """(what is lacking or wrong, what differs on purpose), as sentences.

    documents: the objects of manifests/crds.yaml and calico-typha.yaml. crds_sha256: of the file crds.yaml, or None.
    sums: {file name: digest} of SHA256SUMS, empty if it is not at hand.
    """
    lacking = _row(minor, patch, crds_sha256, sums) + _crds(minor, documents)
    purposely = []
    for role, name in CLUSTER_ROLES.items():
        found, meant = _rbac(minor, role, name, documents)
        lacking += found
        purposely += meant
    return lacking + _new_objects(documents) + _workloads(minor, documents) + _conflist(
        minor, documents
    ), purposely


def _row(minor, patch, crds_sha256, sums):
    row = table.MINORS.get(minor)
    if row is None:
        return [
            "MINORS has no row %d: add latest, kubernetes (the tested range) and the digests%s"
            % (minor, _digest_words(crds_sha256))
        ]
    found = []
    if row.latest < patch:
        found.append("MINORS[%d].latest is %d: raise it to %d" % (minor, row.latest, patch))
    known = row.crds_sha256.get(patch)
    if crds_sha256 and known != crds_sha256:
        found.append(
            "MINORS[%d].crds_sha256 has %s for patch %d: the file's is %s"
            % (minor, known or "nothing", patch, crds_sha256)
        )
    listed = row.calicoctl_sha256.get(patch, {})
    for architecture in table.ARCHITECTURES:
        digest = sums.get(files.CALICOCTL.format(arch=architecture))
        if digest and listed.get(architecture) != digest:
            there = listed.get(architecture, "nothing")
            found.append(
                "MINORS[%d].calicoctl_sha256 has %s for %s of patch %d: SHA256SUMS says %s"
                % (minor, there, architecture, patch, digest)
            )
    return found


def _digest_words(crds_sha256):
    return ", crds.yaml's is %s" % crds_sha256 if crds_sha256 else ""


def _crds(minor, documents):
    there = {
        each["metadata"]["name"]
        for each in documents
        if each.get("kind") == "CustomResourceDefinition"
    }
    if not there:
        return ["there are no CRDs among the files: nothing is known about them"]
    known = set(crds.names(minor))
    return [
        "CRD %s is new: add it to ROWS with since %d" % (name, minor)
        for name in sorted(there - known)
    ] + [
        "CRD %s is gone: close its row with until %d" % (name, minor - 1)
        for name in sorted(known - there)
    ]


def _rbac(minor, role, name, documents):
    upstream = _rights(
        rule
        for each in documents
        if each.get("kind") == "ClusterRole" and each["metadata"]["name"] == name
        for rule in each["rules"]
    )
    if not upstream:
        return ["there is no ClusterRole %s among the files: nothing is known about it" % name], []
    ours = _rights(rules.rules(rbac.ROLES[role], minor))
    asked = {right for right in upstream if right[2] in SYNCERS} if role == "typha" else upstream
    lacking, meant = [], {}
    for right in sorted(asked - ours):
        why = _on_purpose(role, right)
        words = "%s of ClusterRole %s" % (_words(right), name)
        if why:
            meant.setdefault(why, []).append(_words(right))
        elif role == "typha":
            lacking.append("TYPHA lacks %s: see whether one of its syncers reads it" % words)
        else:
            lacking.append("%s lacks %s" % (role.upper(), words))
    excess = [
        "%s has %s in excess of ClusterRole %s" % (role.upper(), _words(right), name)
        for right in sorted(ours - upstream)
    ]
    return lacking + excess, [
        "%s lacks %s: %s" % (role.upper(), _shortened(rights), why) for why, rights in meant.items()
    ]


def _shortened(rights):
    return ", ".join(rights[:4]) + (" and %d more" % (len(rights) - 4) if len(rights) > 4 else "")


def _rights(rules):
    """{(group, resource, verb, resourceNames)} of the rules of a ClusterRole."""
    return {
        (group, resource, verb, tuple(rule.get("resourceNames") or ()))
        for rule in rules
        for group in rule.get("apiGroups") or ()
        for resource in rule.get("resources") or ()
        for verb in rule["verbs"]
    }


def _on_purpose(role, right):
    group, resource, verb, _names = right
    for its_role, its_group, resources, verbs, why in ON_PURPOSE:
        if (
            its_role in (ANY, role)
            and its_group == group
            and (resources is ANY or resource in resources.split())
            and (verbs is ANY or verb in verbs.split())
        ):
            return why
    return None


def _words(right):
    group, resource, verb, names = right
    return "%s %s%s%s" % (
        verb,
        resource,
        "." + group if group else "",
        " [%s]" % ", ".join(names) if names else "",
    )


def _new_objects(documents):
    """Roles and workloads that no release so far has."""
    known = {
        "ClusterRole": {*CLUSTER_ROLES.values(), *OTHER_CLUSTER_ROLES},
        "Deployment": set(SUBJECTS),
        "DaemonSet": set(SUBJECTS),
    }
    there = {
        (each["kind"], each["metadata"]["name"]) for each in documents if each.get("kind") in known
    }
    return [
        "%s %s is new: see who needs it" % (kind, name)
        for kind, name in sorted(there)
        if name not in known[kind]
    ]


def _workloads(minor, documents):
    workloads = {
        each["metadata"]["name"]: each
        for each in documents
        if each.get("kind") in ("Deployment", "DaemonSet")
    }
    found = []
    for name, subject in SUBJECTS.items():
        if name not in workloads:
            found.append("there is no %s among the files: nothing is known about it" % name)
            continue
        pod = workloads[name]["spec"]["template"]["spec"]
        container = next(each for each in pod["containers"] if each["name"] == name)
        environment = {each["name"]: each.get("value") for each in container.get("env") or []}
        found += [
            "%s has the new variable %s: see what it is for" % (name, each)
            for each in sorted(set(environment) - set(ENVIRONMENT[name].split()))
        ]
        found += [
            "%s no longer has the variable %s" % (name, each)
            for each in sorted(set(ENVIRONMENT[name].split()) - set(environment))
        ]
        said = {
            "registry": container["image"].rpartition("/")[0],
            "%s.seccomp_profile" % subject: "seccompProfile" in (pod.get("securityContext") or {}),
        }
        if subject == "kube_controllers":
            said["kube_controllers.enabled_controllers"] = environment.get("ENABLED_CONTROLLERS")
        found += _changes(minor, name, said) + _program(name, container)
    return found


def _program(name, container):
    """What the container runs and mounts that the roles' templates do not."""
    probes = {
        key: _what_is_asked(container.get(key)) for key in ("livenessProbe", "readinessProbe")
    }
    stop = _what_is_asked((container.get("lifecycle") or {}).get("preStop"))
    runs = {key: " ".join(container.get(key) or ()) for key in ("command", "args")}
    said = {
        "image": container["image"].rpartition("/")[2].partition(":")[0],
        **runs,
        **probes,
        "preStop": stop,
    }
    known = PROGRAMS[name]
    found = [
        "%s has the %s %s, where the releases so far have %s: the role's template must follow"
        % (name, key, said[key] or "none", known.get(key) or "none")
        for key in said
        if said[key] != known.get(key, "")
    ]
    mounts = {each["mountPath"] for each in container.get("volumeMounts") or ()}
    return found + [
        "%s mounts %s, which no release so far does: see what it is for" % (name, path)
        for path in sorted(mounts - set(MOUNTS.split()))
    ]


def _what_is_asked(handler):
    """A probe or lifecycle handler in one word: its command, or host, port and path."""
    handler = handler or {}
    if "httpGet" in handler:
        return "%s:%s%s" % (
            handler["httpGet"].get("host", ""),
            handler["httpGet"]["port"],
            handler["httpGet"].get("path", ""),
        )
    return " ".join((handler.get("exec") or {}).get("command") or ())


def _changes(minor, where, said):
    return [
        "CHANGES[%r] says %r of 3.%d, and %s says %r"
        % (key, table.value(key, minor), minor, where, value)
        for key, value in said.items()
        if table.value(key, minor) != value
    ]


def _conflist(minor, documents):
    config = [
        each["data"]["cni_network_config"]
        for each in documents
        if each.get("kind") == "ConfigMap" and "cni_network_config" in each.get("data", {})
    ]
    if not config:
        return ["there is no cni_network_config among the files: nothing is known about it"]
    # Placeholders stand where numbers and strings come later, the numbers' without quotes.
    conflist = json.loads(config[0].replace("__CNI_MTU__", "0"))
    chained = [plugin["type"] for plugin in conflist["plugins"]]
    found = _changes(minor, "the conflist", {"cni.bandwidth": "bandwidth" in chained})
    return found + [
        "the conflist chains the new plugin %s" % name
        for name in chained
        if name not in ("calico", "portmap", "bandwidth")
    ]
