# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether and how a running Calico becomes another release (pure).

State is read from the cluster and the nodes, so that a run that was broken off anywhere goes on in
the next one. Which jumps are refused: upstream keeps one stored version (v1) of every CRD from 3.26
to 3.32, Typha and Felix of different minors talk to each other, and each release's CRDs have the
earlier ones' fields but for five that v3.32 dropped (calico_crds names the objects that hold one); so
minors may be skipped on the way up. On the way down the API server would drop fields and kinds that
the newer release stored.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release.table import (
    NEWEST,
    OLDEST,
    release,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import Found, Images
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.versions import (
    is_supported,
    number,
    order,
)

# In their order. kube-controllers of 3.32 renames policies into what calicoctl and the API server of older releases do
# not find by name, and takes its own look at calico/node's DaemonSet for "all of it is new" (kube-controllers/pkg/
# controllers/networkpolicy/policy_name_migrator.go): so it comes when nothing older is left, and goes first on the way
# back.
STAGES = ("typha", "nodes", "binaries", "kube_controllers", "finish")
STAGES_BACK = ("kube_controllers", "typha", "nodes", "binaries", "finish")


class Jump(t.NamedTuple):
    """From which release to the wanted one.

    installed: the release to name in a snapshot. former: releases other than the wanted one that are
    still somewhere and whose rights must stay, oldest first. back: whether the wanted one is older and
    still runs beside a newer one, in an upgrade that was not finished. notes: what is worth knowing.
    """

    installed: str
    former: list[str]
    back: bool
    notes: list[str]


def wanted_images(
    about: dict[str, t.Any],
    node: str = "",
    typha: str = "",
    kube_controllers: str = "",
    with_kube_controllers: bool = True,
) -> Images:
    """The images given, else those of the release (table.release); "" for kube-controllers where none are wanted."""
    named = kube_controllers or about["images"]["kube_controllers"]
    return Images(
        node=node or about["images"]["node"],
        typha=typha or about["images"]["typha"],
        kube_controllers=named if with_kube_controllers else "",
    )


def decide(
    target: str, images: Images, found: Found, back: bool = False, from_version: str = ""
) -> dict[str, t.Any]:
    """The result of the module calico_upgrade_info. Raises CalicoError for a jump that is impossible."""
    jump = judge(target, found, back, from_version)
    return {
        "version": target,
        "installed": jump.installed,
        "former": jump.former,
        "back": jump.back,
        "notes": jump.notes,
        "remaining": remaining(found, target, images, jump.back),
        "template_changes": found.images["node"] != images["node"],
        "not_ready": list(found.not_ready),
        "lines": lines(found, target, images, jump.back),
    }


def judge(target: str, found: Found, back: bool = False, from_version: str = "") -> Jump:
    """The Jump, or CalicoError for one that is impossible.

    back: whether it may lead back. from_version: the release that runs, where nothing else tells.
    """
    workloads = _workloads(found, from_version)
    others = (*found.binaries.values(), *found.kube_controllers)
    present = workloads | {version for version in others if number(version)}
    newest = max(workloads, key=order)
    going_back = order(newest)[:2] > order(target)[:2]
    if going_back:
        _require_way_back(target, newest, target in present, back)
    former = [version for version in present if version != target and is_supported(version)]
    return Jump(
        installed=from_version or found.template or newest,
        former=sorted(former, key=order),
        back=going_back,
        notes=[
            *_notes_on_way(target, newest, min(workloads, key=order), going_back),
            *(_notes_on_policies(target, found) if going_back else ()),
            *_notes_on_nodes(found),
        ],
    )


def remaining(found: Found, target: str, images: Images, back: bool = False) -> list[str]:
    """The stages that have something to do, in their order. images: the wanted ones; back: whether it leads back."""
    controllers = {found.images["kube_controllers"], *found.kube_controllers_images}
    work = {
        "typha": {found.images["typha"], *found.typha_images} - {images["typha"]},
        "nodes": {found.images["node"], *found.node_images.values()} - {images["node"]},
        "binaries": {version for version in found.binaries.values() if version != target},
        "kube_controllers": images["kube_controllers"]
        and controllers - {images["kube_controllers"]},
        "finish": found.strategy != "RollingUpdate",
    }
    return [stage for stage in (STAGES_BACK if back else STAGES) if work[stage]]


def lines(found: Found, target: str, images: Images, back: bool = False) -> list[str]:
    """What would happen, host by host: "cka002: calico-node v3.31.7 -> v3.32.1, binaries v3.31.7 -> v3.32.1".

    images: the wanted ones; back: whether it leads back.
    """
    told = ["calico-typha: %s" % _change(_oldest(found.typha), target)]
    for name in sorted({*found.nodes, *found.binaries}):
        parts = []
        if name in found.nodes:
            parts.append("calico-node %s" % _change(found.nodes[name], target))
        if name in found.binaries:
            parts.append("binaries %s" % _change(found.binaries[name], target))
        told.append("%s: %s" % (name, ", ".join(parts)))
    if images["kube_controllers"]:
        there = found.images["kube_controllers"]
        change = _change(_oldest(found.kube_controllers), target) if there else "none -> " + target
        told.insert(0 if back else len(told), "calico-kube-controllers: " + change)
    return told


def _oldest(versions: tuple[str, ...]) -> str:
    """Of several pods the oldest has the longest way to go."""
    return min(filter(None, versions), key=order, default="")


def _workloads(found: Found, from_version: str) -> set[str]:
    """The releases that run. Raises CalicoError if none can be told or one is not in the version table."""
    told = {found.template, *found.nodes.values(), *found.typha, from_version} - {""}
    if not told and number(found.stored):
        told = {found.stored}
    if not told:
        raise CalicoError(
            "It cannot be told which release runs: the images' tags are no versions, and ClusterInformation has none",
            expected="a tag such as v3.31.7",
            found=found.images["node"],
            remedy="say it in upgrade_from",
        )
    unsupported = sorted(version for version in told if not is_supported(version))
    if unsupported:
        raise CalicoError(
            "Calico %s cannot be upgraded from: its rights and manifests are not in the version table"
            % unsupported[0],
            expected="3.%d to 3.%d" % (OLDEST, NEWEST),
            found=", ".join(unsupported),
            remedy="upgrade to 3.%d with that release's own instructions first" % OLDEST,
        )
    return told


def _notes_on_way(target: str, newest: str, oldest: str, going_back: bool) -> t.Iterator[str]:
    if going_back:
        yield (
            "going back to %s; the CRDs of %s stay, since older ones would drop what it stored"
            % (target, newest)
        )
    skipped = order(target)[1] - order(oldest)[1] - 1
    if skipped > 0:
        yield (
            "%d minor%s skipped, which Calico supports"
            % (skipped, " is" if skipped == 1 else "s are")
        )


def _notes_on_policies(target: str, found: Found) -> t.Iterator[str]:
    """Felix enforces a policy stored as NAME in every release: no dot means the tier default (lib/names/policy.go).

    But up to 3.31 clients ask the datastore for default.NAME (defaultPolicyName in libcalico-go/lib/backend/k8s/
    resources/customresource.go, before 3.29 libcalico-go/lib/clientv3/globalnetworkpolicy.go).
    """
    renaming = [version for version in found.kube_controllers if _renames_policies(version)]
    if renaming and not _renames_policies(target):
        yield (
            "kube-controllers %s may have renamed policies from default.NAME to NAME: %s enforces them, but its"
            " calicoctl and API server look for default.NAME, so that get, replace and delete do not find them and"
            " apply makes a second object; the first is then removed with kubectl, from crd.projectcalico.org"
            % (max(renaming, key=order), target)
        )


def _renames_policies(version: str) -> bool:
    return is_supported(version) and bool(release(version)["kube_controllers"]["policy_migration"])


def _notes_on_nodes(found: Found) -> t.Iterator[str]:
    if found.unknown:
        yield (
            "the release on %s cannot be told and counts as another one" % ", ".join(found.unknown)
        )
    if found.not_in_inventory:
        yield (
            "%s: not among the hosts of the inventory, so the binaries there stay as they are"
            % ", ".join(found.not_in_inventory)
        )
    if found.not_ready:
        yield (
            "%s: not Ready, so nothing waits for calico-node there; a host that Ansible cannot reach is left out"
            " with --limit" % ", ".join(found.not_ready)
        )


def _require_way_back(target: str, newest: str, still_there: bool, back: bool) -> None:
    if back and still_there:
        return
    reason = (
        "Calico %s would be a downgrade from %s: older CRDs drop the fields and kinds that the newer release stored"
        % (target, newest)
    )
    if still_there:
        raise CalicoError(
            reason,
            expected="%s or newer" % newest,
            found="an unfinished upgrade from %s to %s" % (target, newest),
            remedy="finish it with -e calico_version=%s, or go back with -e calico_version=%s -e upgrade_back=true"
            % (newest, target),
        )
    raise CalicoError(
        reason,
        expected="%s or newer" % newest,
        found="nothing of %s runs any more" % target,
        remedy="set calico_version to %s or newer; declared objects come back from a snapshot with"
        " hardway.calico.restore" % newest,
    )


def _change(version: str, target: str) -> str:
    return target if version == target else "%s -> %s" % (version or "unknown", target)
