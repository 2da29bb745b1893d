# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the syntax of Calico's selectors, which the API server does not (pure).

Grammar: libcalico-go/lib/selector/parser.
"""

from __future__ import annotations

import re
import typing as t

TOKEN = re.compile(
    r"""\s*(?:(?P<call>(?:all|global)\(\s*\))|(?P<has>has\(\s*[A-Za-z0-9_./-]+\s*\))|(?P<string>'[^']*'|"[^"]*")"""
    r"""|(?P<operator>&&|\|\||==|!=|[!(){},])|(?P<label>[A-Za-z0-9_./-]+))"""
)
# Operators in words are such only after a label: elsewhere, "in-service" and "contains" are labels.
WORDS = re.compile(r"\s*(?P<words>not\s*in\b|starts\s*with|ends\s*with|in\b|contains)")
OPERATORS = {"notin": "not in", "startswith": "starts with", "endswith": "ends with"}


Token = tuple[str, str]  # (kind, text)


class _Unreadable(Exception):
    pass


def problem(selector: str) -> str | None:
    """Why a selector cannot be read, in words, or None. The empty selector matches all."""
    if not selector.strip():
        return None
    try:
        tokens = list(_tokens(selector))
        rest = _alternatives(tokens)
        if rest:
            raise _Unreadable("%r does not belong there" % rest[0][1])
    except _Unreadable as exc:
        return str(exc)
    except RecursionError:
        return "it is nested too deeply"
    return None


def has_global(selector: str) -> bool:
    """Whether a selector calls global(), which no pool's selector may."""
    return problem(selector) is None and any(
        kind == "call" and text.startswith("global") for kind, text in _tokens(selector)
    )


def _tokens(selector: str) -> t.Iterator[Token]:
    position, kind = 0, ""
    while selector[position:].strip():
        match = WORDS.match(selector, position) if kind == "label" else None
        match = match or TOKEN.match(selector, position)
        if match is None:
            raise _Unreadable("%r cannot be read" % selector[position:].strip())
        kind = match.lastgroup or ""  # each alternative is a group with a name
        yield kind, match.group(kind)
        position = match.end()


def _alternatives(tokens: list[Token]) -> list[Token]:
    tokens = _conjunction(tokens)
    while tokens and tokens[0][1] == "||":
        tokens = _conjunction(tokens[1:])
    return tokens


def _conjunction(tokens: list[Token]) -> list[Token]:
    tokens = _term(tokens)
    while tokens and tokens[0][1] == "&&":
        tokens = _term(tokens[1:])
    return tokens


def _term(tokens: list[Token]) -> list[Token]:
    if not tokens:
        raise _Unreadable("it ends where a term is expected")
    (kind, text), rest = tokens[0], tokens[1:]
    if text == "!":
        return _term(rest)
    if text == "(":
        return _expect(")", _alternatives(rest))
    if kind in ("call", "has"):
        return rest
    if kind == "label":
        return _comparison(rest)
    raise _Unreadable("%r is no term" % text)


def _comparison(tokens: list[Token]) -> list[Token]:
    if not tokens:
        raise _Unreadable("an operator is missing after the label")
    joined, rest = "".join(tokens[0][1].split()), tokens[1:]
    operator = OPERATORS.get(joined, joined)
    if operator in ("in", "not in"):
        rest = _expect("{", rest)
        if rest and rest[0][0] == "string":
            rest = rest[1:]
            while rest and rest[0][1] == ",":
                rest = _string(rest[1:])
        return _expect("}", rest)
    if operator in ("==", "!=", "contains", "starts with", "ends with"):
        return _string(rest)
    raise _Unreadable("%r is no operator" % tokens[0][1])


def _string(tokens: list[Token]) -> list[Token]:
    if not tokens or tokens[0][0] != "string":
        raise _Unreadable("a quoted value is missing")
    return tokens[1:]


def _expect(text: str, tokens: list[Token]) -> list[Token]:
    if not tokens or tokens[0][1] != text:
        raise _Unreadable("%r is missing" % text)
    return tokens[1:]
