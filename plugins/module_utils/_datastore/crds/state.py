# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster's CRDs beside the wanted ones, with the API server's answers about their differences (pure).

CRDs are dicts as the API server returns them; wanted ones come from _release.crds_yaml.parse.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)


@dataclass(frozen=True)
class State:
    """there: every CRD of the cluster. wanted: the release's, without those that are left as they are.

    settled: what the API server says would come of applying each wanted one that looks different, by name; so what it
    defaults, drops or formats in its own way is no difference. objects: those of each CRD that would lose fields, by
    the CRD's name.
    """

    there: Manifests
    wanted: Manifests
    settled: dict[str, Manifest] = field(default_factory=dict)
    objects: dict[str, Manifests] = field(default_factory=dict)

    @property
    def current(self) -> dict[str, Manifest]:
        """The cluster's CRDs by name."""
        return by_name(self.there)


def name_of(crd: Manifest) -> str:
    return crd["metadata"]["name"]


def by_name(crds: t.Iterable[Manifest]) -> dict[str, Manifest]:
    return {name_of(crd): crd for crd in crds}
