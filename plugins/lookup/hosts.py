# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts
short_description: Which hosts of the inventory are the control plane, and which are nodes
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Returns the host pattern that C(calico_control_plane_group) or C(calico_nodes) names, for a play's C(hosts).
  - Ansible templates C(hosts) before it knows a host, so there it sees only C(--extra-vars) and the play's variables.
    This lookup sees what the inventory gives all its hosts as well. Without any of these it returns the default of
    the role hardway.calico.calico.
  - A pattern that matches no host of the inventory is refused, since Ansible would skip the play without a word.
    C(--limit) does not count here. Nothing is refused with C(--list-hosts) and C(--syntax-check).
  - The former name C(calico_masters) of C(calico_control_plane_group) is accepted with a deprecation warning.
options:
  _terms:
    description: The variables' names.
    type: list
    elements: str
    choices: [calico_control_plane_group, calico_nodes]
    required: true
"""

EXAMPLES = r"""
- name: A play on the control plane that the collection's own playbooks work with
  hosts: "{{ lookup('hardway.calico.hosts', 'calico_control_plane_group') }}"
  gather_facts: false
  roles:
    - role: hardway.calico.typha
"""

RETURN = r"""
_list:
  description: A host pattern for each variable.
  type: list
  elements: str
  sample: [masters]
"""

import pathlib
import typing as t

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

DEFAULTS = pathlib.Path(__file__).resolve().parents[2] / "roles/calico/defaults/main.yml"
WORDS = {"calico_control_plane_group": "control-plane host", "calico_nodes": "node"}
FORMER_NAMES = {"calico_control_plane_group": "calico_masters"}


def require_a_host(name: str, pattern: str, groups: dict[str, list[str]]) -> None:
    """Raises CalicoError where the pattern matches no host. groups: {group: names of its hosts}."""
    inventory = InventoryManager(DataLoader(), parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group=group)
    if not inventory.get_hosts(pattern):
        known = sorted(set(groups) - {"all", "ungrouped"})
        raise CalicoError(
            "The inventory has no %s" % WORDS[name],
            expected='at least one host that matches "%s"' % pattern,
            found="the groups %s" % (", ".join(known) or "none"),
            remedy="add the hosts to that group, or name yours with -e %s=GROUP" % name,
        )


class LookupModule(LookupBase):
    # Read once: an inventory may be a program that asks a cloud.
    listed: t.ClassVar[HostVars | None] = None

    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [self._pattern(name, variables or {}) for name in terms]
        except CalicoError as exc:
            raise AnsibleLookupError(str(exc)) from exc

    def _pattern(self, name: str, variables: dict[str, t.Any]) -> str:
        """The pattern that is in force. Raises CalicoError for another variable, and where no host matches."""
        if name not in WORDS:
            raise CalicoError(
                "there is no variable of hosts %r" % name,
                expected=", ".join(WORDS),
                found=name,
                remedy="correct the lookup's argument",
            )
        default = self._loader.load_from_file(str(DEFAULTS))[name]
        inventory = self._inventory_variables(variables)
        pattern = self._value(name, variables, inventory, default) or default
        former = FORMER_NAMES.get(name, "")
        former_pattern = self._value(former, variables, inventory)
        if former_pattern is not None:
            Display().deprecated(
                "The variable %s has been renamed to %s." % (former, name),
                version="2.0.0",
                collection_name="hardway.calico",
            )
            pattern = former_pattern if pattern == default else pattern
        if "hostvars" in variables:
            require_a_host(name, pattern, variables["groups"])
        return pattern

    def _value(
        self,
        name: str,
        variables: dict[str, t.Any],
        inventory: t.Mapping[str, t.Any],
        default: str | None = None,
    ) -> str | None:
        """What the command line, the play or else the inventory says; None where none does.

        A play's variables hold the defaults of its roles too, which are not stronger than the inventory's.
        """
        value = self._templar.template(variables[name]) if name in variables else default
        return inventory.get(name) if value == default else value

    def _inventory_variables(self, variables: dict[str, t.Any]) -> t.Mapping[str, t.Any]:
        """What localhost has from the inventory, which is what the inventory gives every host.

        Before the first play has begun, as with --list-hosts and --syntax-check, Ansible keeps no hostvars.
        """
        hostvars = variables.get("hostvars") or LookupModule.listed
        if hostvars is None:
            inventory = InventoryManager(self._loader, context.CLIARGS.get("inventory"))
            hostvars = HostVars(inventory, VariableManager(self._loader, inventory), self._loader)
            LookupModule.listed = hostvars
        return hostvars["localhost"]
