# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the result says of certificates: days left, status, and the table (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.held import (
    MISSING_FILE,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    expired_in_words,
    not_yet_in_words,
)
from ansible_collections.hardway.calico.plugins.module_utils._survey.decide import MISSING, Found

DAY = timedelta(days=1)
HEADINGS = ("CERTIFICATE", "DAYS", "ENDS", "STATUS", "SHA-256", "WHERE")
Row = dict[str, t.Any]


def report(founds: t.Iterable[Found], now: datetime, least_days: int) -> dict[str, t.Any]:
    """{"certificates": rows, "troubled": those that are not ok, "days_left", "table": lines}.

    days_left: of the one that ends first.
    """
    rows = [row(found, now, least_days) for found in founds]
    days = [about["days_left"] for about in rows if about["days_left"] is not None]
    return {
        "certificates": rows,
        "troubled": [about for about in rows if about["status"] != "ok"],
        "days_left": min(days, default=None),
        "table": table(rows),
    }


def row(found: Found, now: datetime, least_days: int) -> Row:
    """What the result says of a certificate. status: ok, ending, expired, missing or broken."""
    certificate = found.certificate
    status, trouble = _judged(found, now, least_days)
    about = {
        "what": found.what,
        "where": found.where,
        "used_by": found.used_by,
        "status": status,
        "trouble": trouble,
    }
    if certificate is None:
        return {**about, "days_left": None}
    return {
        **about,
        **certificate.as_result(),
        "serial": "%X" % certificate.serial,
        "days_left": (certificate.not_after - now) // DAY,
    }


def _judged(found: Found, now: datetime, least_days: int) -> tuple[str, str]:
    """(status, what is wrong in words)."""
    certificate, problem = found.certificate, found.problem
    if certificate is not None and now >= certificate.not_after:
        expired = expired_in_words(certificate)
        return "expired", ", ".join([expired, problem] if problem else [expired])
    if problem:
        return "missing" if problem in (MISSING, MISSING_FILE) else "broken", problem
    if certificate is None:
        return "ok", ""
    if now < certificate.not_before:
        return "broken", not_yet_in_words(certificate)
    days = (certificate.not_after - now) // DAY
    if days < least_days:
        return "ending", "it ends in %d days, at least %d are asked for" % (days, least_days)
    return "ok", ""


def table(rows: t.Iterable[Row]) -> list[str]:
    """Lines of columns: what, days left, end, status or trouble, fingerprint's beginning, where."""
    cells = [HEADINGS, *(_cells(about) for about in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS) - 1)]
    return [
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths)), line[-1]])
        for line in cells
    ]


def _cells(about: Row) -> tuple[str, ...]:
    status = about["status"]
    return (
        about["what"],
        "-" if about["days_left"] is None else str(about["days_left"]),
        about.get("not_after", "-")[:10],
        status if status == "ok" else "%s: %s" % (status.upper(), about["trouble"]),
        about.get("fingerprint", "-")[:12],
        about["where"],
    )
