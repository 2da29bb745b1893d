# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleLookupError

from ansible_collections.hardway.calico.plugins.lookup import release as lookup
from ansible_collections.hardway.calico.plugins.module_utils._releases import release


@pytest.fixture
def run(monkeypatch):
    plugin = lookup.LookupModule()
    given = {}
    monkeypatch.setattr(plugin, "set_options", lambda var_options=None, direct=None: given.update(direct or {}))
    monkeypatch.setattr(plugin, "get_option", given.get)
    return plugin.run


def test_one_dictionary_for_each_release(run):
    assert run(["v3.32.1", "3.26"]) == [release("v3.32.1"), release("v3.26.5")]


def test_key(run):
    assert run(["3.30"], key="registry") == ["docker.io/calico"]
    assert run(["3.32"], key="rbac.cni") == [release("3.32")["rbac"]["cni"]]


def test_unknown_key_names_the_keys_that_are_there(run):
    with pytest.raises(AnsibleLookupError, match="no 'typha.nothing'.*Expected: .*discovery.*Found: nothing"):
        run(["3.32"], key="typha.nothing")
    with pytest.raises(AnsibleLookupError, match="no keys below a str"):
        run(["3.32"], key="registry.nothing")


def test_unknown_release(run):
    with pytest.raises(AnsibleLookupError, match="Expected: a release of 3.26 to 3.32.*Found: v9.9.9.*Remedy"):
        run(["v9.9.9"])


def test_every_key_is_documented():
    documented = yaml.safe_load(lookup.RETURN)["_list"]["contains"]
    about = release("3.32")
    assert set(documented) == set(about)
    for subject in ("node", "typha", "cni", "kube_controllers"):
        described = " ".join(documented[subject]["description"]) if isinstance(documented[subject]["description"], list) else documented[subject]["description"]
        assert all("C(%s)" % leaf in described for leaf in about[subject]), subject


def test_documentation_loads():
    assert yaml.safe_load(lookup.DOCUMENTATION)["name"] == "release"
    assert len(yaml.safe_load(lookup.EXAMPLES)) == 2
