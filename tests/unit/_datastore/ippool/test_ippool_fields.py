# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of an IPPool's fields, and that the module's documentation says the same."""

from __future__ import annotations

import pytest
import yaml
from documented_fields import documented, expected_since, said_since

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import (
    FIELDS,
    POOL_OPTIONS,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.rules import (
    BLOCK_SIZES,
)
from ansible_collections.hardway.calico.plugins.modules import calico_ippool

POOL = yaml.safe_load(calico_ippool.DOCUMENTATION)["options"]["pools"]["suboptions"]


def test_the_documentation_says_what_the_table_says():
    said = {option: text for option, text in POOL.items() if option not in ("name", "state")}
    assert said == documented(FIELDS)
    assert list(said) == list(documented(FIELDS))


@pytest.mark.parametrize("option", POOL_OPTIONS)
def test_the_documentation_says_what_the_module_takes(option):
    said = {key: value for key, value in POOL[option].items() if key != "description"}
    assert said == POOL_OPTIONS[option]


@pytest.mark.parametrize("field", list(FIELDS), ids=lambda field: field.option)
def test_the_words_name_the_release_that_brought_a_field(field):
    assert said_since(field) == expected_since(field)


@pytest.mark.parametrize(("version", "cidr"), [(4, "10.0.0.0/8"), (6, "fd00::/64")])
def test_the_words_name_the_sizes_that_are_accepted_and_the_default(version, cidr):
    least, most = BLOCK_SIZES[version]
    default = FIELDS.defaults({"cidr": cidr}, 32)["blockSize"]
    words = "%d to %d for IPv%d (%d)" % (least, most, version, default)
    assert words in FIELDS["blockSize"].words


@pytest.mark.parametrize(
    ("key", "first", "second", "expected"),
    [
        ("cidr", "FD00:0::/64", "fd00::/64", True),
        ("cidr", "10.0.0.0/8", "10.0.0.1/8", False),
        ("cidr", "none", "none", True),
        ("allowedUses", ["Workload", "Tunnel"], ["Tunnel", "Workload"], True),
        ("allowedUses", ["Workload"], ["Tunnel", "Workload"], False),
        ("nodeSelector", "all()", "all( )", False),
    ],
)
def test_what_means_the_same(key, first, second, expected):
    assert FIELDS[key].same(first, second) is expected
