# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that modules which make certificates share: keys, lifetimes and renewal windows (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

# A century: what comes later than the year 9999 cannot be written into a certificate.
MOST_DAYS = 36500
# RFC 5280, appendix A.1: ub-common-name.
MOST_COMMON_NAME = 64
# In bits; of an elliptic curve the curve's.
DEFAULT_SIZES = {"ECDSA": 256, "RSA": 4096}
KEY_ARGS: dict[str, dict[str, t.Any]] = {
    "key_type": {"type": "str", "choices": ["ECDSA", "RSA"], "default": "ECDSA"},
    "key_size": {"type": "int"},
}


def require_between(params: dict[str, t.Any], option: str, least: int, most: int) -> None:
    """Raises CalicoError for a number outside of least..most, both of which are allowed."""
    if not least <= params[option] <= most:
        raise CalicoError(
            "%s is out of range" % option,
            expected="%d to %d" % (least, most),
            found=params[option],
            remedy="correct it or leave it out",
        )


def require_days(params: dict[str, t.Any], *options: str) -> None:
    """Raises CalicoError for a lifetime that no certificate can have."""
    for option in options:
        if not 1 <= params[option] <= MOST_DAYS:
            raise CalicoError(
                "%s is no lifetime" % option,
                expected="1 to %d days" % MOST_DAYS,
                found=params[option],
                remedy="correct it or leave it out",
            )


def require_window(params: dict[str, t.Any], lifetime: str) -> None:
    """Raises CalicoError for a renewal window that is none. lifetime: the option that it belongs to.

    The certificate would end before it is renewed, or be due from its first day on.
    """
    if not 1 <= params["renewal_days"] < params[lifetime]:
        raise CalicoError(
            "renewal_days does not fit %s" % lifetime,
            expected="1 day or more, and less than the lifetime of %d days" % params[lifetime],
            found=params["renewal_days"],
            remedy="take about a tenth of the lifetime, and more than lies between two runs",
        )


def key_size(params: dict[str, t.Any]) -> int:
    """The size that key_type and key_size ask for. Raises CalicoError for one that the type does not have."""
    size: int = params["key_size"] or DEFAULT_SIZES[params["key_type"]]
    fits = size in (256, 384) if params["key_type"] == "ECDSA" else 2048 <= size <= 8192
    if not fits:
        raise CalicoError(
            "key_size %d does not fit key_type %s" % (size, params["key_type"]),
            expected="256 or 384 for ECDSA, 2048 to 8192 for RSA",
            found=size,
            remedy="leave key_size out for the default",
        )
    return size
