# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of change to Typha's PKI (pure)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._plan import Step


class TyphaStep(Step):
    """Any of them."""


@dataclass(frozen=True)
class CreateCa(TyphaStep):
    """Make a CA. keep_previous: whether the one there is goes on signing meanwhile."""

    action = "create"

    keep_previous: bool


@dataclass(frozen=True)
class PublishBundle(TyphaStep):
    """Publish the CA beside what is published. missing: fingerprints of other CAs that have to be there."""

    action = "publish"

    missing: tuple[str, ...]


class Source(enum.Enum):
    """Where a leaf comes from."""

    CA = "signed by the CA"
    PREVIOUS_CA = "signed by the CA before it"
    HANDED_IN = "handed in"


@dataclass(frozen=True)
class LeafStep(TyphaStep):
    """Store a leaf with its key. party: as in objects.PARTIES."""

    party: str
    source: Source


class IssueLeaf(LeafStep):
    """Where there was none."""

    action = "issue"


class RenewLeaf(LeafStep):
    """In place of another one, sound or broken."""

    action = "renew"


@dataclass(frozen=True)
class DropOldCas(TyphaStep):
    """Take CAs out of the bundle. kept: fingerprints of those that stay."""

    action = "drop"

    kept: tuple[str, ...]


class ForgetPreviousKey(TyphaStep):
    """Forget the CA before this one, with its key."""

    action = "forget"


@dataclass(frozen=True)
class DeleteObject(TyphaStep):
    """Delete an object as a whole. option: the one that names it, as in the store's existing()."""

    action = "delete"

    option: str
