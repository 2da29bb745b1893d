# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that modules which make certificates share."""

from __future__ import annotations

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import (
    KEY_ARGS,
    key_size,
    require_days,
    require_window,
)


@pytest.mark.parametrize("days", [0, -1, 36501])
def test_senseless_lifetimes_are_refused(days):
    with pytest.raises(CalicoError, match="leaf_lifetime_days"):
        require_days({"leaf_lifetime_days": days}, "leaf_lifetime_days")


@pytest.mark.parametrize("days", [1, 36500])
def test_lifetimes_up_to_a_century_are_taken(days):
    require_days({"leaf_lifetime_days": days}, "leaf_lifetime_days")


@pytest.mark.parametrize(("window", "taken"), [(0, False), (1, True), (29, True), (30, False)])
def test_the_renewal_window_is_shorter_than_the_lifetime(window, taken):
    params = {"renewal_days": window, "lifetime_days": 30}
    if taken:
        require_window(params, "lifetime_days")
    else:
        with pytest.raises(CalicoError, match="renewal_days does not fit lifetime_days"):
            require_window(params, "lifetime_days")


@pytest.mark.parametrize(
    ("key_type", "asked", "size"),
    [("ECDSA", None, 256), ("ECDSA", 384, 384), ("RSA", None, 4096), ("RSA", 2048, 2048)],
)
def test_sizes_of_keys(key_type, asked, size):
    assert key_type in KEY_ARGS["key_type"]["choices"]
    assert key_size({"key_type": key_type, "key_size": asked}) == size


@pytest.mark.parametrize(
    ("key_type", "asked"), [("ECDSA", 2048), ("ECDSA", 521), ("RSA", 256), ("RSA", 8193)]
)
def test_sizes_that_a_type_does_not_have(key_type, asked):
    with pytest.raises(CalicoError, match="does not fit key_type %s" % key_type):
        key_size({"key_type": key_type, "key_size": asked})
