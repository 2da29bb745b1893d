# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version table: everything that differs between Calico releases, as plain data (pure).

`release(version)` is the only door. Adding a release is adding a row (docs/adding-a-release.md).
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds,
    files,
    rbac,
    rbac_etcd,
    rules,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    minors as table,
)

# Whose rights the table knows; those with etcd in front are for data in etcd.
ROLES = {**rbac.ROLES, **rbac_etcd.ROLES}
VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?\Z")
OLDEST, NEWEST = min(table.MINORS), max(table.MINORS)
# What is installed where nobody names a release, and with which reference CNI plugins.
DEFAULT, DEFAULT_CNI_PLUGINS = table.DEFAULT, files.DEFAULT_CNI_PLUGINS


def parse(version: t.Any) -> tuple[int, int]:
    """(minor, patch) of "v3.32.1", "3.32.1" or "3.32", which means the newest patch known.

    Raises CalicoError for anything else.
    """
    text = str(version).strip()
    match = VERSION.match(text)
    if not match:
        raise _refusal(
            "the Calico version %r cannot be read" % text,
            text,
            "give it as v3.%d.%d" % (NEWEST, table.MINORS[NEWEST].latest),
        )
    major, minor, patch = int(match.group(1)), int(match.group(2)), match.group(3)
    _require_supported(text, major, minor, patch)
    return minor, table.MINORS[minor].latest if patch is None else int(patch)


def _require_supported(text: str, major: int, minor: int, patch: str | None) -> None:
    if (major, minor) > (3, NEWEST):
        raise _refusal(
            "Calico %s is newer than the version table" % text,
            text,
            "use a supported release, or add a row: see docs/adding-a-release.md",
        )
    if major == 3 and minor < 10 and patch is None:
        raise _refusal(
            "Calico %s is not supported" % text,
            text,
            "quote the version: YAML reads 3.30 without quotes as the number 3.3",
        )
    if (major, minor) < (3, OLDEST):
        raise _refusal(
            "Calico %s is not supported: before 3.%d the CNI plugin shares calico/node's rights, up to 3.20"
            " its binaries are published elsewhere, and upstream no longer mends any of them"
            % (text, OLDEST),
            text,
            "use 3.%d or newer; a cluster on %s is upgraded one minor at a time with that release's own"
            " instructions first" % (OLDEST, text),
        )


def _refusal(what: str, found: str, remedy: str) -> CalicoError:
    return CalicoError(
        what, expected="a release of 3.%d to 3.%d" % (OLDEST, NEWEST), found=found, remedy=remedy
    )


def release(version: t.Any) -> dict[str, t.Any]:
    """What the table says about a release, as plain data; keys: RETURN of the lookup hardway.calico.release.

    Any patch of a supported minor is accepted; digests are None or empty for a patch that the table does not list.
    """
    minor, patch = parse(version)
    row = table.MINORS[minor]
    name = "v3.%d.%d" % (minor, patch)
    registry = table.value("registry", minor)
    return {
        "version": name,
        "minor": "3.%d" % minor,
        "latest": "v3.%d.%d" % (minor, row.latest),
        "registry": registry,
        "images": _images(registry, name),
        "architectures": list(table.ARCHITECTURES),
        "kubernetes": {
            "min": row.kubernetes[0],
            "max": row.kubernetes[1],
            "floor": table.KUBERNETES_FLOOR,
        },
        "rbac": {role: rules.rules(rows, minor) for role, rows in ROLES.items()},
        "crds": {"names": crds.names(minor), "sha256": row.crds_sha256.get(patch)},
        "calicoctl": {"sha256": dict(row.calicoctl_sha256.get(patch, {}))},
        "urls": files.urls(name),
        **_changes(minor),
        "cni_plugins": {
            "version": DEFAULT_CNI_PLUGINS,
            "url": files.cni_plugins_url(DEFAULT_CNI_PLUGINS),
            "sha256": dict(files.CNI_PLUGINS_SHA256[DEFAULT_CNI_PLUGINS]),
        },
    }


def _images(registry: str, version: str) -> dict[str, str]:
    return {name.replace("-", "_"): "%s/%s:%s" % (registry, name, version) for name in table.IMAGES}


def _changes(minor: int) -> dict[str, dict[str, t.Any]]:
    """{subject: {leaf: value}} of the keys "subject.leaf" of CHANGES."""
    found: dict[str, dict[str, t.Any]] = {}
    for key in table.CHANGES:
        subject, _dot, leaf = key.partition(".")
        if leaf:
            found.setdefault(subject, {})[leaf] = table.value(key, minor)
    return found


def at(about: dict[str, t.Any], path: str) -> t.Any:
    """The value of release() at a dotted path. Raises CalicoError that names the keys that are there."""
    value: t.Any = about
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            nothing = "no keys below a %s" % type(value).__name__
            raise CalicoError(
                "the release has no %r" % path,
                expected=", ".join(sorted(value)) if isinstance(value, dict) else nothing,
                found=step,
                remedy="correct the option key",
            )
        value = value[step]
    return value


def needs(version: t.Any, role: str) -> list[dict[str, t.Any]]:
    """Every single right that a role (a key of ROLES) needs in a release: rules.needs."""
    return rules.needs(ROLES[role], parse(version)[0])


def minors() -> list[str]:
    """The supported minors, oldest first: ["3.26", ...]."""
    return ["3.%d" % minor for minor in sorted(table.MINORS)]
