# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of Typha's objects against what repeats it in other languages: documentation, roles, manifests."""

from __future__ import annotations

import pytest
import yaml
from checkout import ROOT

from ansible_collections.hardway.calico.plugins.module_utils._typha.material import Material
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import (
    ANNOTATION,
    BUNDLE_KEY,
    DEFAULT_NAMES,
    PARTIES,
    name_args,
)
from ansible_collections.hardway.calico.plugins.modules import (
    calico_certificate_info,
    typha_pki,
    typha_pki_info,
)

MANIFESTS = {
    "server": ROOT / "roles/typha/templates/deployment.yaml.j2",
    "client": ROOT / "roles/node/templates/daemonset.yaml.j2",
}


@pytest.mark.parametrize("module", [typha_pki, typha_pki_info, calico_certificate_info])
def test_documented_defaults_are_those_of_the_table(module):
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    told = {
        option: documented[option]["default"] for option in DEFAULT_NAMES if option in documented
    }
    assert told and told == {option: DEFAULT_NAMES[option] for option in told}


def test_roles_call_the_objects_the_same():
    defaults = yaml.safe_load((ROOT / "roles/calico/defaults/main.yml").read_text("utf-8"))
    assert set(DEFAULT_NAMES.values()) <= {str(value) for value in defaults.values()}


@pytest.mark.parametrize("party", PARTIES)
def test_manifests_mount_what_is_written_and_ask_for_the_peers_name(party):
    text = MANIFESTS[party].read_text("utf-8")
    (peer,) = (about for name, about in PARTIES.items() if name != party)
    assert all("/%s'" % key in text for key in (*PARTIES[party].keys, BUNDLE_KEY))
    assert "CN': '%s'" % peer.common_name in text
    assert "kind: %s\n" % PARTIES[party].kind in text
    assert "%s: " % ANNOTATION in text


def test_options_that_name_secrets_are_not_masked():
    assert set(name_args()) == set(DEFAULT_NAMES)
    assert set(name_args("ca_configmap")) == {"ca_configmap"}
    assert all(spec["no_log"] is False for spec in name_args().values())


def test_material_shows_no_key():
    pair = ("certificate", "a private key")
    material = Material("bundle", pair, pair, {"server": pair, "client": ("", "")})
    assert "private" not in repr(material)
    assert material.private_keys() == ["a private key"] * 3
