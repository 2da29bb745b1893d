# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known about the fields of a kind of Calico's objects: one row each (pure).

The module's options, the defaults of a new object, what Calico assumes, what counts as a difference
and what a release does not know follow from these rows, for every kind alike.
"""

from __future__ import annotations

import copy
import dataclasses
import operator
import typing as t

Spec = dict[str, t.Any]
# As the module hands them over: every option is there, None where it is not set.
Options = dict[str, t.Any]

EMPTY: tuple[t.Any, ...] = (None, "", [])


def _as_it_is(value: t.Any) -> t.Any:
    return value


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a spec.

    option: what users write; key: Calico's; words: the option's description, as in DOCUMENTATION.
    type, elements, choices: of the option.
    since: the first minor of Calico 3 that has the field; values_since: {value: minor} of values
    that came later; value_name: what such a value is called.
    written: what calicoctl writes into a new object; assumed: what Calico takes where the field is
    missing or empty, if that is something else. A value or a function of (spec, minor); None is
    nothing.
    immutable: whether an existing object keeps it. canonical: a value in the form that is written;
    same: whether two values mean the same.
    """

    option: str
    key: str
    words: str
    type: str = "str"
    elements: str | None = None
    choices: tuple[str, ...] = ()
    since: int = 0
    values_since: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    value_name: str = "value"
    written: t.Any = None
    assumed: t.Any = None
    immutable: bool = False
    canonical: t.Callable[[t.Any], t.Any] = _as_it_is
    same: t.Callable[[t.Any, t.Any], bool] = operator.eq

    def argument(self) -> dict[str, t.Any]:
        """The option for an argument spec."""
        found: dict[str, t.Any] = {"type": self.type}
        if self.elements:
            found["elements"] = self.elements
        if self.choices:
            found["choices"] = list(self.choices)
        return found

    def written_in(self, spec: Spec, minor: int) -> t.Any:
        return _value(self.written, spec, minor)

    def assumed_in(self, spec: Spec, minor: int) -> t.Any:
        return _value(self.written if self.assumed is None else self.assumed, spec, minor)


class Fields:
    """The fields of one kind. Specs are dicts by Calico's keys, options dicts by ours."""

    def __init__(self, *fields: Field) -> None:
        self._fields = {field.key: field for field in fields}

    def __iter__(self) -> t.Iterator[Field]:
        return iter(self._fields.values())

    def __getitem__(self, key: str) -> Field:
        return self._fields[key]

    def arguments(self) -> dict[str, dict[str, t.Any]]:
        """The options for an argument spec."""
        return {field.option: field.argument() for field in self}

    def defaults(self, spec: Spec, minor: int) -> Spec:
        """What calicoctl of a minor writes into a new object beyond what the user set."""
        found = {field.key: field.written_in(spec, minor) for field in self if minor >= field.since}
        return {key: value for key, value in found.items() if value is not None}

    def new(self, wanted: Spec, minor: int) -> Spec:
        """The spec of a new object; false and empty values are left out, as calicoctl does."""
        spec = {**self.defaults(wanted, minor), **wanted}
        return {key: value for key, value in spec.items() if value is not False and value != ""}

    def effective(self, spec: Spec, minor: int) -> Spec:
        """A stored spec with what Calico assumes for what is missing or empty in it."""
        assumed = {field.key: field.assumed_in(spec, minor) for field in self}
        return {
            **{key: value for key, value in assumed.items() if value is not None},
            **{key: value for key, value in spec.items() if value not in EMPTY},
        }

    def set_by_user(self, options: Options, minor: int) -> Spec:
        """The fields that the user set; an empty value means the default, as it does to Calico."""
        spec: Spec = {}
        for field in self:
            value = options.get(field.option)
            if value is None:
                continue
            default = field.assumed_in(spec, minor) if value in EMPTY else None
            spec[field.key] = field.canonical(value if default is None else default)
        return spec

    def changes(self, old: Spec, wanted: Spec) -> Spec:
        """The part of `wanted` that does not mean the same as what is in `old`, an effective spec."""
        return {
            key: value for key, value in wanted.items() if not self[key].same(old.get(key), value)
        }

    def release_problems(self, subject: str, options: Options, minor: int) -> t.Iterator[str]:
        """Sentences about what is set and the release does not know: its API server would drop it
        without a word. subject: the object, such as "pool one".
        """
        chosen = [field for field in self if options.get(field.option) is not None]
        unknown = [(field.option, field.since) for field in chosen]
        for field in chosen:
            values = options[field.option]
            unknown += [
                ("%s %s" % (field.value_name, value), since)
                for value, since in field.values_since.items()
                if value == values or (isinstance(values, list) and value in values)
            ]
        for what, since in unknown:
            if minor < since:
                yield (
                    "%s: Calico 3.%d has no %s, which came with 3.%d; leave it out or upgrade"
                    % (subject, minor, what, since)
                )


def _value(default: t.Any, spec: Spec, minor: int) -> t.Any:
    return default(spec, minor) if callable(default) else copy.copy(default)
