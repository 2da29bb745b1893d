# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how KubeControllersConfiguration becomes what is declared, or refuses with every problem at once (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers import (
    rules,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.fields import (
    FIELDS,
    NAME,
    flat,
    nested,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.state import (
    State,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.steps import (
    ConfigurationStep,
    CreateConfiguration,
    UpdateConfiguration,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan

TARGET = "KubeControllersConfiguration " + NAME


def require_installed(current: State) -> None:
    """Raises CalicoError if the datastore cannot hold the object; check mode may go on, it counts as none."""
    if current.missing:
        raise current.missing


def decide(spec: Spec, current: State, minor: int) -> Plan[ConfigurationStep]:
    """The Plan. spec: the declared fields, nested, in Calico's names; minor: of Calico 3.

    Fields that are not declared stay. Raises CalicoError that lists all problems.
    """
    declared = flat(spec)
    _refuse(list(rules.problems(declared, minor)), minor)
    if not declared:
        return Plan()
    if current.configuration is None:
        return Plan([_create(declared, minor)])
    return _update(declared, current.configuration, minor)


def _refuse(problems: list[str], minor: int) -> None:
    if problems:
        raise CalicoError(
            "KubeControllersConfiguration cannot be declared: " + "; ".join(problems),
            expected="fields of its spec as Calico 3.%d takes them" % minor,
            found="%d problem%s, nothing was written"
            % (len(problems), "s" if len(problems) > 1 else ""),
            remedy="correct what is named and run again",
        )


def _create(declared: Spec, minor: int) -> CreateConfiguration:
    whole = nested(FIELDS.new(declared, minor))
    return CreateConfiguration(
        target=TARGET, reason="it does not exist", before=None, after=whole, spec=whole
    )


def _update(declared: Spec, stored: Manifest, minor: int) -> Plan[ConfigurationStep]:
    old = flat(stored.get("spec") or {})
    change = FIELDS.changes(old, FIELDS.set_by_user(declared, minor))
    if not change:
        return Plan()
    step = UpdateConfiguration(
        target=TARGET,
        reason="%s differ%s" % (", ".join(change), "s" if len(change) == 1 else ""),
        before=nested({path: old[path] for path in change if path in old}),
        after=nested(change),
        current=stored,
        change=nested(change),
    )
    return Plan([step])
