# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values for the tests of IP pools."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import steps
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import FIELDS
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.state import (
    Block,
    State,
)


def pool(name="one", state="present", cidr="10.244.0.0/18", **options):
    """A pool as the module hands it over: every option is there."""
    unset = dict.fromkeys(field.option for field in FIELDS)
    assert set(options) <= set(unset)
    return {**unset, "name": name, "state": state, "cidr": cidr, **options}


def stored(cidr="10.244.0.0/18", **spec):
    return {"cidr": cidr, **spec}


def block(cidr, in_use=0, **spec):
    metadata = {"name": cidr.replace("/", "-"), "resourceVersion": "7"}
    allocations = [0] * in_use + [None]
    return Block.of(
        {"metadata": metadata, "spec": {"cidr": cidr, "allocations": allocations, **spec}}
    )


def datastore(pools=None, blocks=()):
    """What is read where these are: {name: spec} and blocks."""
    manifests = {
        name: {"metadata": {"name": name, "resourceVersion": "7"}, "spec": spec}
        for name, spec in (pools or {}).items()
    }
    return State(manifests, tuple(blocks))


def carried(step):
    """What applying a step uses, the pool's name first."""
    if isinstance(step, steps.CreatePool):
        return step.name, step.spec
    name, spec = step.pool["metadata"]["name"], step.pool["spec"]
    if isinstance(step, steps.UpdatePool):
        return name, step.change
    if isinstance(step, steps.DisablePool):
        return name, step.after
    return name, spec["cidr"], step.force
