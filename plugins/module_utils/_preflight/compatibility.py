# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a release and a cluster have against each other: Kubernetes, architectures, the Calico that is there (pure).

`about` is a release as _release.table.release() describes it.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.cluster_information import (
    NAME,
    calico_version,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.pods import (
    image_of,
    pod_of,
    tag_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.cluster import NODE, Node

# Also of Kubernetes with a vendor's suffix, such as v1.35.2-gke.1, and of tags of images.
VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
MOST_NAMED = 10


def kubernetes_verdict(about: dict[str, t.Any], found: str) -> tuple[CalicoError, bool] | None:
    """None if the release was tested with that Kubernetes version, else (error, whether it cannot work at all)."""
    tested = about["kubernetes"]
    version = _version(found)
    if version is None:
        return CalicoError(
            "the API server's version cannot be read",
            expected="something like v1.34.4",
            found=found,
            remedy="see what answers at that address, or accept it with calico_kubernetes_range: ignore",
        ), False
    least, most, floor = (_known(tested[key])[:2] for key in ("min", "max", "floor"))
    if least <= version[:2] <= most:
        return None
    broken = version[:2] < floor
    why = "does not work with" if broken else "was not tested with"
    return CalicoError(
        "Calico %s %s Kubernetes %s" % (about["version"], why, found),
        expected="Kubernetes %s to %s" % (tested["min"], tested["max"]),
        found=found,
        remedy="choose a Calico release that was tested with it in calico_version,"
        " or accept it with calico_kubernetes_range: ignore",
    ), broken


def check_architectures(about: dict[str, t.Any], nodes: list[Node]) -> None:
    """Raise CalicoError if a Linux node's architecture is one that the release is not built for."""
    built = ["", *about["architectures"]]
    odd = [
        "%s (%s)" % (node["name"], node["architecture"])
        for node in nodes
        if node["operating_system"] == "linux" and node["architecture"] not in built
    ]
    if odd:
        raise CalicoError(
            "Calico %s has no binaries and images for the architecture of %d nodes"
            % (about["version"], len(odd)),
            expected=", ".join(about["architectures"]),
            found=", ".join(odd[:MOST_NAMED]),
            remedy="remove those nodes from the cluster, or choose a release that is built for them",
        )


def installed_version(
    daemonsets: list[dict[str, t.Any]], cluster_information: dict[str, t.Any] | None
) -> tuple[str, str]:
    """(version, where it was read) of the Calico that is there, or ("", "").

    The newer one counts where calico/node's image and the datastore's ClusterInformation differ, as in an upgrade that
    was broken off.
    """
    found = _tags(daemonsets)
    found.append((calico_version(cluster_information), "ClusterInformation %s" % NAME))
    known = [(_version(version), version, place) for version, place in found]
    readable = [(number, version, place) for number, version, place in known if number]
    if not readable:
        return "", ""
    _number, version, place = max(readable, key=lambda entry: entry[0])
    return version, place


def _tags(daemonsets: list[dict[str, t.Any]]) -> list[tuple[str, str]]:
    """[(tag of the image, where it was read)] of each calico/node."""
    place = "the image of DaemonSet %s/%s"
    return [
        (
            tag_of(image_of(pod_of(each), NODE)),
            place % (each["metadata"].get("namespace", "?"), NODE),
        )
        for each in daemonsets
        if each["metadata"]["name"] == NODE
    ]


def refuse_downgrade(
    about: dict[str, t.Any], installed: str, place: str, allowed: bool = False
) -> str | None:
    """Raise CalicoError if a newer minor is installed, unless allowed; a warning about any newer release, else None."""
    there, wanted = _version(installed), _known(about["version"])
    if there is None or there <= wanted:
        return None
    newer = "Calico %s (%s) is newer than the wanted %s" % (installed, place, about["version"])
    if there[:2] == wanted[:2]:
        return newer + ". Both are of one minor, so the run goes on."
    if allowed:
        return newer + ", and going back is allowed."
    raise CalicoError(
        "Calico %s would be a downgrade: older CRDs drop the fields and kinds that the newer release stored"
        % about["version"],
        expected="%s or newer" % installed,
        found="%s in %s" % (installed, place),
        remedy="set calico_version to %s or newer; to go back, restore a snapshot taken before the upgrade"
        % installed,
    )


def upgrade_warning(about: dict[str, t.Any], installed: str, place: str) -> str | None:
    """A sentence if an older minor is installed, else None.

    An ordinary run replaces it without the care of an upgrade.
    """
    there, wanted = _version(installed), _known(about["version"])
    if there is None or there[:2] >= wanted[:2]:
        return None
    return (
        "Calico %s (%s) runs here, and this run is for %s. The playbook hardway.calico.upgrade goes from one to the"
        " other with a snapshot, canary first and with the rights of both; an ordinary run replaces it without these."
        % (installed, place, about["version"])
    )


def _version(text: str) -> tuple[int, ...] | None:
    """(major, minor, patch) that the text begins with, patch 0 where there is none; None if it begins otherwise."""
    match = VERSION.match(str(text or ""))
    return tuple(int(part or 0) for part in match.groups()) if match else None


def _known(text: str) -> tuple[int, ...]:
    """_version() of what the version table says."""
    return _version(text) or ()
