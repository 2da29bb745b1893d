# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default release and the supported ones, where documentation and variables repeat them, are the table's."""

from __future__ import annotations

import re

import pytest
import yaml
from checkout import ROOT

from ansible_collections.hardway.calico.plugins.module_utils._release import files, minors, table

# Variables of the roles and options of modules that name the two defaults.
RELEASE, CNI_PLUGINS = table.DEFAULT, table.DEFAULT_CNI_PLUGINS
VARIABLES = {"calico_version": RELEASE, "calico_cni_plugins_version": CNI_PLUGINS}
OPTIONS = {
    "calico_version": RELEASE,
    "version": RELEASE,
    "cni_plugins_version": CNI_PLUGINS,
}


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def documented(path):
    text = path.read_text(encoding="utf-8")
    return yaml.safe_load(re.search(r'^DOCUMENTATION = r"""\n(.*?)"""', text, re.S | re.M).group(1))


def test_the_table_has_the_defaults():
    minor, patch = table.parse(RELEASE)
    row = minors.MINORS[minor]
    assert patch == row.latest and patch in row.crds_sha256
    assert files.CNI_PLUGINS_SHA256[CNI_PLUGINS]


@pytest.mark.parametrize("variable", list(VARIABLES))
def test_roles(variable):
    assert load("roles/calico/defaults/main.yml")[variable] == VARIABLES[variable]
    options = load("roles/calico/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert options[variable]["default"] == VARIABLES[variable]


def test_modules():
    found = {
        (path.stem, option): about["default"]
        for path in sorted((ROOT / "plugins/modules").glob("*.py"))
        for option, about in documented(path)["options"].items()
        if option in OPTIONS and about.get("default")
    }
    assert {("calico_ippool", "calico_version"), ("calico_release", "cni_plugins_version")} <= set(
        found
    )
    assert found == {(module, option): OPTIONS[option] for module, option in found}


def test_readme_names_the_supported_releases_and_the_default():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    oldest, newest = table.minors()[0], table.minors()[-1]
    assert "%s to %s (default %s)" % (oldest, newest, RELEASE) in re.sub(r"[*`]", "", text)


def test_the_argument_specification_names_the_supported_releases():
    options = load("roles/calico/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert options["calico_version"]["description"] == "The Calico release, %s to %s." % (
        table.minors()[0],
        table.minors()[-1],
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("inventories/example/group_vars/all.yml", r"^calico_version: (\S+)$"),
        ("roles/upgrade/README.md", r"^ +calico_version: (\S+)$"),
        ("molecule/kind/vars/settings.yml", r"'HARDWAY_CALICO_VERSION'\) or '([^']+)'"),
        ("docs/kind.md", r"`HARDWAY_CALICO_VERSION` \| `([^`]+)`"),
    ],
)
def test_examples(path, words):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.findall(words, text, re.M) == [RELEASE]
