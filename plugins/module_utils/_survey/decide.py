# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what to report of every certificate of an installation: days left, what is wrong with it, and the table (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.held import (
    MISSING_FILE,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    LeafWanted,
    Pair,
    trouble,
)

DAY = timedelta(days=1)
MISSING = "it does not exist"


@dataclass(frozen=True)
class Found:
    """One certificate that was looked for. what: its role; where: object and key, or host and file; used_by: its consumers.

    problem: what is wrong with it whatever the time is, in words, or None. A missing one has neither certificate nor other words than MISSING.
    """

    what: str
    where: str
    used_by: str
    certificate: Certificate | None = None
    problem: str | None = None


def bundle(what, where, used_by, certificates, problem):
    """A Found for each CA of a bundle; one that tells the trouble if there is none."""
    if problem or not certificates:
        return [Found(what, where, used_by, None, problem or MISSING)]
    return [
        Found(
            what,
            "%s, %d of %d" % (where, number, len(certificates)) if len(certificates) > 1 else where,
            used_by,
            certificate,
            None if certificate.is_ca else "it is no CA's certificate",
        )
        for number, certificate in enumerate(certificates, 1)
    ]


def authority(what, where, used_by, pair, published):
    """The CA that signs: its key must be its own, and the published bundle must hold it."""
    problem = pair.problem
    if pair.absent:
        problem = MISSING
    elif not problem and not pair.usable:
        problem = "its key does not match its certificate"
    elif not problem and not pair.certificate.is_ca:
        problem = "it is no CA's certificate"
    elif not problem and pair.certificate.fingerprint not in {ca.fingerprint for ca in published}:
        problem = "the published bundle lacks it"
    return Found(what, where, used_by, pair.certificate, problem)


def leaf(what, where, used_by, pair, common_name, usage):
    """A leaf with its key: what would make it unusable is a problem; its time is not judged here, its key type and URI SANs not at all."""
    problem = MISSING if pair.absent else pair.problem
    if not problem:
        own = replace(pair.certificate, uri_sans=())
        wanted = LeafWanted(common_name, usage, own.key_type, own.key_size, DAY, timedelta(0))
        # Half of its life is a moment at which nothing but its nature can be wrong.
        problem = trouble(
            replace(pair, certificate=own),
            wanted,
            own.not_before + (own.not_after - own.not_before) / 2,
        )
    return Found(what, where, used_by, pair.certificate, problem)


def leftover(found):
    """A credential that is stored and not wanted: it still has rights until a run of site.yml retires it."""
    return replace(
        found,
        problem=found.problem
        or "it is of the other cni_credential_scope or of a node that is gone: a full run retires it",
    )


def on_node(node, where, certificate, problem, stored):
    """The certificate that a node holds. stored: the Found of the Secret that it should have come from, or None."""
    if not problem and certificate is None:
        problem = "it holds no client certificate"
    elif not problem and (stored is None or stored.certificate is None):
        problem = "there is no Secret that it came from"
    elif not problem and certificate.fingerprint != stored.certificate.fingerprint:
        problem = "it is another one than the Secret's: this node was missed when it was issued"
    elif not problem:
        problem = stored.problem
    return Found("CNI user on %s" % node, where, "CNI plugin on %s" % node, certificate, problem)


def unseen(node):
    """A node of the cluster that no host of the run stands for."""
    return Found(
        "CNI user on %s" % node,
        node,
        "CNI plugin on %s" % node,
        None,
        "nobody looked: no host of this run is that node, or it did not answer",
    )


def strayed(server, authorities, wanted_server, wanted_authorities):
    """Why a node's file leads to another API server than wanted, or None. Nothing wanted is not compared."""
    if wanted_server and server != wanted_server:
        return "it names the API server %s, not %s: this node was missed when that changed" % (
            server or "(none)",
            wanted_server,
        )
    lacks = {ca.fingerprint for ca in wanted_authorities} - {ca.fingerprint for ca in authorities}
    return "it lacks the cluster's CA: this node was missed when that changed" if lacks else None


def row(found, now, least_days):
    """What the result says of a certificate. status: ok, ending, expired, missing or broken."""
    about = {
        "what": found.what,
        "where": found.where,
        "used_by": found.used_by,
        "status": "ok",
        "trouble": found.problem or "",
    }
    if found.problem:
        about["status"] = "missing" if found.problem in (MISSING, MISSING_FILE) else "broken"
    certificate = found.certificate
    if certificate is None:
        return {**about, "days_left": None}
    days = (certificate.not_after - now) // DAY
    if now >= certificate.not_after:
        words = "it expired on %s" % certificate.not_after.strftime("%Y-%m-%d")
        about.update(status="expired", trouble=", ".join(filter(None, [words, found.problem])))
    elif not found.problem and now < certificate.not_before:
        about.update(
            status="broken",
            trouble="it is not valid before %s: a clock was or is wrong"
            % certificate.not_before.strftime("%Y-%m-%d %H:%M UTC"),
        )
    elif not found.problem and days < least_days:
        about.update(
            status="ending",
            trouble="it ends in %d days, at least %d are asked for" % (days, least_days),
        )
    return {
        **about,
        **certificate.as_result(),
        "serial": "%X" % certificate.serial,
        "days_left": days,
    }


def report(founds, now, least_days):
    """{"certificates": rows, "troubled": those that are not ok, "days_left": of the one that ends first, "table": lines}."""
    rows = [row(found, now, least_days) for found in founds]
    return {
        "certificates": rows,
        "troubled": [about for about in rows if about["status"] != "ok"],
        "days_left": min(
            (about["days_left"] for about in rows if about["days_left"] is not None), default=None
        ),
        "table": table(rows),
    }


def table(rows):
    """Lines of columns: what, days left, end, status or trouble, fingerprint's beginning, where."""
    cells = [("CERTIFICATE", "DAYS", "ENDS", "STATUS", "SHA-256", "WHERE")]
    for about in rows:
        days = "-" if about["days_left"] is None else str(about["days_left"])
        status = (
            about["status"]
            if about["status"] == "ok"
            else "%s: %s" % (about["status"].upper(), about["trouble"])
        )
        cells.append(
            (
                about["what"],
                days,
                about.get("not_after", "-")[:10],
                status,
                about.get("fingerprint", "-")[:12],
                about["where"],
            )
        )
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]) - 1)]
    return [
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths)), line[-1]])
        for line in cells
    ]


def trusting(pair):
    """The Pair where no CA is known that could judge it."""
    return replace(pair, trusted=True) if pair != Pair() else pair
