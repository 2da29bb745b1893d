# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception that reaches a user: it names the object, what was expected, what was found and the remedy."""

from __future__ import annotations


class CalicoError(Exception):
    """A refusal that the user can act on.

    what: the object and what is wrong with it ("pool ipv4-ippool-1: host bits are set"). expected, found: values or
    short phrases. remedy: what to do next. status: the HTTP status of a refusal by an API server, or None.
    """

    def __init__(
        self,
        what: str,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.status = status

    def __str__(self) -> str:
        parts = [self.what.rstrip(".") + "."]
        labelled = (("Expected", self.expected), ("Found", self.found), ("Remedy", self.remedy))
        for label, value in labelled:
            if value is not None:
                parts.append("%s: %s." % (label, str(value).rstrip(".")))
        return " ".join(parts)
