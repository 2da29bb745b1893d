# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What etcd's refusals mean, and what to do about them (pure).

Sources: etcd's api/v3rpc/rpctypes/error.go for its words, and what gRPC says of connections that fail.
"""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass


class Meaning(enum.Enum):
    """AGAIN: another member may do it, or this one in a moment. ELSEWHERE: this member never will. NEVER: none will.

    LOGIN: a new token is needed. COMPACTED: the revision that is asked for is gone. NO_AUTH: it knows no users.
    """

    AGAIN = "again"
    ELSEWHERE = "elsewhere"
    NEVER = "never"
    LOGIN = "login"
    COMPACTED = "compacted"
    NO_AUTH = "no auth"


@dataclass(frozen=True)
class Answer:
    meaning: Meaning
    words: str
    remedy: str


class Row(t.NamedTuple):
    """What is told by a code ("" for any) with a part of gRPC's details; words: "" for the details themselves."""

    code: str
    part: str
    meaning: Meaning
    remedy: str
    words: str = ""


CHECK = "check the addresses, the firewall and that etcd runs"
# The first that fits counts.
ROWS = (
    Row(
        "UNAVAILABLE",
        "CERTIFICATE_VERIFY_FAILED",
        Meaning.ELSEWHERE,
        "give the CA that signed the members' certificates in etcd_ca_cert",
        "the member's certificate is not signed by the CA in etcd_ca_cert",
    ),
    # As old and new versions of gRPC say it.
    *(
        Row(
            "UNAVAILABLE",
            part,
            Meaning.ELSEWHERE,
            "use an address that is in the member's certificate",
            "the member's certificate is for another address",
        )
        for part in ("not in peer certificate", "Hostname Verification Check failed")
    ),
    Row(
        "UNAVAILABLE",
        "Failed to create security handshaker",
        Meaning.ELSEWHERE,
        "give the certificate and the key that belong together",
        "etcd_cert and etcd_key are no pair",
    ),
    # With TLS 1.3 a server refuses the client's certificate once the client believes to be connected.
    Row(
        "UNAVAILABLE",
        "Unwrap failed",
        Meaning.ELSEWHERE,
        "give a certificate in etcd_cert that the members' client CA has signed and that has not expired",
        "the member does not accept the client's certificate",
    ),
    Row(
        "UNAVAILABLE",
        "Tls handshake failed",
        Meaning.ELSEWHERE,
        "check that the member speaks TLS at this address, and the certificates",
    ),
    Row(
        "UNAVAILABLE",
        "Connection refused",
        Meaning.AGAIN,
        CHECK,
        "the connection was refused: nothing listens there",
    ),
    Row("UNAVAILABLE", "", Meaning.AGAIN, CHECK),
    Row(
        "DEADLINE_EXCEEDED",
        "",
        Meaning.AGAIN,
        CHECK + " with more than half of its members",
        "it did not answer in time",
    ),
    Row(
        "RESOURCE_EXHAUSTED",
        "database space exceeded",
        Meaning.NEVER,
        "compact and defragment etcd or raise its quota (--quota-backend-bytes), then disarm the alarm NOSPACE",
        "its database is full, alarm NOSPACE",
    ),
    Row(
        "RESOURCE_EXHAUSTED",
        "too many requests",
        Meaning.AGAIN,
        "etcd is overloaded: run again later",
    ),
    Row(
        "PERMISSION_DENIED",
        "",
        Meaning.NEVER,
        "grant a role of the certificate's common name, or of etcd_username, readwrite on the prefix /calico/",
    ),
    Row(
        "UNAUTHENTICATED",
        "",
        Meaning.LOGIN,
        "give etcd_username and etcd_password, or a certificate whose common name is a user",
    ),
    Row("INVALID_ARGUMENT", "revision of auth store is old", Meaning.LOGIN, "run again"),
    Row(
        "INVALID_ARGUMENT",
        "authentication failed",
        Meaning.NEVER,
        "correct etcd_username and etcd_password",
    ),
    Row(
        "INVALID_ARGUMENT",
        "user name is empty",
        Meaning.NEVER,
        "give etcd_username and etcd_password, or a certificate whose common name is a user",
    ),
    Row(
        "FAILED_PRECONDITION",
        "authentication is not enabled",
        Meaning.NO_AUTH,
        "leave etcd_username out",
    ),
    # What etcd has no code for: raft drops proposals while its leader moves, a member stops in the middle. gRPC
    # has these for streams that end early. Every write is a comparison, so that asking again counts once.
    *(
        Row(code, "", Meaning.AGAIN, "see the members' logs; run again")
        for code in ("UNKNOWN", "CANCELLED", "INTERNAL", "ABORTED")
    ),
    Row(
        "OUT_OF_RANGE",
        "compacted",
        Meaning.COMPACTED,
        "run again: etcd removed old revisions while this one was read",
    ),
)


def answer(code: str, details: str) -> Answer:
    """What a refusal means. code: gRPC's, such as "UNAVAILABLE"; details: its words."""
    for row in ROWS:
        if row.code == code and row.part in details:
            return Answer(row.meaning, row.words or _short(details), row.remedy)
    return Answer(
        Meaning.NEVER, "%s, %s" % (code, _short(details)), "correct what the message names"
    )


def _short(details: str) -> str:
    """gRPC's words without what they begin with for every connection."""
    return details.rpartition("last error: ")[2] or "no reason given"
