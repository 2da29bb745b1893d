# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the version table lacks for a release, or says otherwise than the release's own files: values in, sentences out.

For whoever adds a release (docs/adding-a-release.md, release_gaps.py). A minor without a row is
compared with what the open rows say of it.
"""

from __future__ import annotations

import json
import typing as t

from manifests import (
    CHAINED,
    CLUSTER_ROLES,
    ENVIRONMENT,
    MOUNTS,
    ON_PURPOSE,
    OTHER_CLUSTER_ROLES,
    PROGRAMS,
    SUBJECTS,
    SYNCERS,
)

from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers import (
    fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds,
    files,
    rbac,
    rules,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import minors as table

Manifest = dict[str, t.Any]


class Right(t.NamedTuple):
    group: str
    resource: str
    verb: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        group = "." + self.group if self.group else ""
        names = " [%s]" % ", ".join(self.names) if self.names else ""
        return "%s %s%s%s" % (self.verb, self.resource, group, names)


def gaps(
    minor: int,
    patch: int,
    documents: list[Manifest],
    crds_sha256: str | None,
    sums: dict[str, str],
) -> tuple[list[str], list[str]]:
    """(what is lacking or wrong, what differs on purpose), as sentences.

    documents: the objects of manifests/crds.yaml and calico-typha.yaml. crds_sha256: of the file
    crds.yaml, or None. sums: {file name: digest} of SHA256SUMS, empty if it is not at hand.
    """
    lacking = [*_row(minor, patch, crds_sha256, sums), *_crds(minor, documents)]
    purposely: list[str] = []
    for role, name in CLUSTER_ROLES.items():
        found, meant = _rbac(minor, role, name, documents)
        lacking += found
        purposely += meant
    lacking += _new_objects(documents)
    lacking += _workloads(minor, documents)
    lacking += _configuration(minor, documents)
    lacking += _conflist(minor, documents)
    return lacking, purposely


def _row(minor: int, patch: int, crds_sha256: str | None, sums: dict[str, str]) -> t.Iterator[str]:
    row = table.MINORS.get(minor)
    if row is None:
        yield (
            "MINORS has no row %d: add latest, kubernetes (the tested range) and the digests%s"
            % (
                minor,
                ", crds.yaml's is %s" % crds_sha256 if crds_sha256 else "",
            )
        )
        return
    if row.latest < patch:
        yield "MINORS[%d].latest is %d: raise it to %d" % (minor, row.latest, patch)
    known = row.crds_sha256.get(patch)
    if crds_sha256 and known != crds_sha256:
        yield "MINORS[%d].crds_sha256 has %s for patch %d: the file's is %s" % (
            minor,
            known or "nothing",
            patch,
            crds_sha256,
        )
    listed = row.calicoctl_sha256.get(patch, {})
    for architecture in table.ARCHITECTURES:
        digest = sums.get(files.CALICOCTL.format(arch=architecture))
        there = listed.get(architecture, "nothing")
        if digest and there != digest:
            yield (
                "MINORS[%d].calicoctl_sha256 has %s for %s of patch %d: SHA256SUMS says %s"
                % (minor, there, architecture, patch, digest)
            )


def _crds(minor: int, documents: list[Manifest]) -> t.Iterator[str]:
    there = {each["metadata"]["name"] for each in _of_kind(documents, "CustomResourceDefinition")}
    if not there:
        yield "there are no CRDs among the files: nothing is known about them"
        return
    known = set(crds.names(minor))
    for name in sorted(there - known):
        yield "CRD %s is new: add it to ROWS with since %d" % (name, minor)
    for name in sorted(known - there):
        yield "CRD %s is gone: close its row with until %d" % (name, minor - 1)


def _rbac(
    minor: int, role: str, name: str, documents: list[Manifest]
) -> tuple[list[str], list[str]]:
    upstream = _rights(
        rule
        for each in _of_kind(documents, "ClusterRole")
        if each["metadata"]["name"] == name
        for rule in each["rules"]
    )
    if not upstream:
        return ["there is no ClusterRole %s among the files: nothing is known about it" % name], []
    ours = _rights(rules.rules(rbac.ROLES[role], minor))
    asked = {right for right in upstream if right.verb in SYNCERS} if role == "typha" else upstream
    lacking: list[str] = []
    meant: dict[str, list[str]] = {}
    hint = ": see whether one of its syncers reads it" if role == "typha" else ""
    for right in sorted(asked - ours):
        if right._replace(resource="*") in ours:
            continue
        why = _on_purpose(role, right)
        if why:
            meant.setdefault(why, []).append(str(right))
        else:
            lacking.append("%s lacks %s of ClusterRole %s%s" % (role.upper(), right, name, hint))
    lacking += [
        "%s has %s in excess of ClusterRole %s" % (role.upper(), right, name)
        for right in sorted(ours - upstream)
    ]
    return lacking, [
        "%s lacks %s: %s" % (role.upper(), _shortened(rights), why) for why, rights in meant.items()
    ]


def _shortened(rights: list[str]) -> str:
    return ", ".join(rights[:4]) + (" and %d more" % (len(rights) - 4) if len(rights) > 4 else "")


def _rights(granted: t.Iterable[Manifest]) -> set[Right]:
    """Every single right of the rules of a ClusterRole."""
    return {
        Right(group, resource, verb, tuple(rule.get("resourceNames") or ()))
        for rule in granted
        for group in rule.get("apiGroups") or ()
        for resource in rule.get("resources") or ()
        for verb in rule["verbs"]
    }


def _on_purpose(role: str, right: Right) -> str | None:
    for exempt in ON_PURPOSE:
        if (
            exempt.role in (None, role)
            and exempt.group == right.group
            and (exempt.resources is None or right.resource in exempt.resources.split())
            and (exempt.verbs is None or right.verb in exempt.verbs.split())
        ):
            return exempt.why
    return None


def _new_objects(documents: list[Manifest]) -> list[str]:
    """Roles and workloads that no release so far has."""
    known = {
        "ClusterRole": {*CLUSTER_ROLES.values(), *OTHER_CLUSTER_ROLES},
        "Deployment": set(SUBJECTS),
        "DaemonSet": set(SUBJECTS),
    }
    there = {(each["kind"], each["metadata"]["name"]) for each in _of_kind(documents, *known)}
    return [
        "%s %s is new: see who needs it" % (kind, name)
        for kind, name in sorted(there)
        if name not in known[kind]
    ]


def _workloads(minor: int, documents: list[Manifest]) -> t.Iterator[str]:
    workloads = {
        each["metadata"]["name"]: each for each in _of_kind(documents, "Deployment", "DaemonSet")
    }
    for name, subject in SUBJECTS.items():
        if name not in workloads:
            yield "there is no %s among the files: nothing is known about it" % name
            continue
        pod = workloads[name]["spec"]["template"]["spec"]
        container = {each["name"]: each for each in pod["containers"]}[name]
        environment = {each["name"]: each.get("value") for each in container.get("env") or []}
        yield from _variables(name, set(environment))
        said = {
            "registry": container["image"].rpartition("/")[0],
            "%s.seccomp_profile" % subject: "seccompProfile" in (pod.get("securityContext") or {}),
        }
        if subject == "kube_controllers":
            said["kube_controllers.enabled_controllers"] = environment.get("ENABLED_CONTROLLERS")
            secured = container.get("securityContext") or {}
            said["kube_controllers.run_as_non_root"] = secured.get("runAsNonRoot", False)
        yield from _changes(minor, name, said)
        yield from _program(name, container)


def _variables(name: str, there: set[str]) -> t.Iterator[str]:
    known = set(ENVIRONMENT[name].split())
    for each in sorted(there - known):
        yield "%s has the new variable %s: see what it is for" % (name, each)
    for each in sorted(known - there):
        yield "%s no longer has the variable %s" % (name, each)


def _program(name: str, container: Manifest) -> t.Iterator[str]:
    """What the container runs and mounts that the roles' templates do not."""
    said = {
        "image": container["image"].rpartition("/")[2].partition(":")[0],
        "command": " ".join(container.get("command") or ()),
        "args": " ".join(container.get("args") or ()),
        "livenessProbe": _what_is_asked(container.get("livenessProbe")),
        "readinessProbe": _what_is_asked(container.get("readinessProbe")),
        "preStop": _what_is_asked((container.get("lifecycle") or {}).get("preStop")),
    }
    for key, runs in said.items():
        known = PROGRAMS[name].get(key, "")
        if runs != known:
            yield (
                "%s has the %s %s, where the releases so far have %s: the role's template must follow"
                % (name, key, runs or "none", known or "none")
            )
    mounts = {each["mountPath"] for each in container.get("volumeMounts") or ()}
    for path in sorted(mounts - set(MOUNTS.split())):
        yield "%s mounts %s, which no release so far does: see what it is for" % (name, path)


def _what_is_asked(handler: Manifest | None) -> str:
    """A probe or lifecycle handler in one word: its command, or host, port and path."""
    handler = handler or {}
    if "httpGet" in handler:
        asked = handler["httpGet"]
        return "%s:%s%s" % (asked.get("host", ""), asked["port"], asked.get("path", ""))
    return " ".join((handler.get("exec") or {}).get("command") or ())


def _changes(minor: int, where: str, said: dict[str, t.Any]) -> list[str]:
    return [
        "CHANGES[%r] says %r of 3.%d, and %s says %r"
        % (key, table.value(key, minor), minor, where, value)
        for key, value in said.items()
        if table.value(key, minor) != value
    ]


def _configuration(minor: int, documents: list[Manifest]) -> t.Iterator[str]:
    """Fields of KubeControllersConfiguration that came and went."""
    name = "kubecontrollersconfigurations.crd.projectcalico.org"
    known = {field.key for field in fields.FIELDS if field.since <= minor}
    for crd in _of_kind(documents, "CustomResourceDefinition"):
        if crd["metadata"]["name"] != name:
            continue
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        there = set(_paths(schema))
        for path in sorted(there - known):
            yield "KubeControllersConfiguration has %s: add it to FIELDS with since=%d" % (
                path,
                minor,
            )
        for path in sorted(known - there):
            yield "KubeControllersConfiguration has no %s" % path


def _paths(schema: Manifest, inside: str = "") -> t.Iterator[str]:
    """The fields of a schema, such as "controllers.node.syncLabels"; a list is one field."""
    for key, value in schema["properties"].items():
        if "properties" in value:
            yield from _paths(value, inside + key + ".")
        else:
            yield inside + key


def _conflist(minor: int, documents: list[Manifest]) -> t.Iterator[str]:
    config = [
        each["data"]["cni_network_config"]
        for each in _of_kind(documents, "ConfigMap")
        if "cni_network_config" in each.get("data", {})
    ]
    if not config:
        yield "there is no cni_network_config among the files: nothing is known about it"
        return
    # Placeholders stand where numbers and strings come later, the numbers' without quotes.
    conflist = json.loads(config[0].replace("__CNI_MTU__", "0"))
    chained = [plugin["type"] for plugin in conflist["plugins"]]
    yield from _changes(minor, "the conflist", {"cni.bandwidth": "bandwidth" in chained})
    for name in chained:
        if name not in CHAINED:
            yield "the conflist chains the new plugin %s" % name


def _of_kind(documents: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in documents if each.get("kind") in kinds]
