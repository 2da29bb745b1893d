# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._datastore import selector


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "all()",
        "all( )",
        "!all()",
        "has(gpu)",
        "has( example.com/gpu )",
        "!!has(a)",
        "global()",
        "rack == 'a'",
        'rack=="a"',
        "rack != 'a'",
        "rack in {'a', \"b\"}",
        "rack in{'a'}",
        "rack in {}",
        "rack not in {'a'}",
        "rack notin {'a'}",
        "rack contains 'a'",
        "rack starts with 'a'",
        "rack startswith 'a'",
        "rack ends with 'a'",
        "rack == 'it && || is'",
        "a == 'b' && (c == 'd' || !has(e)) && all()",
        "in-service == 'yes'",
        "in == 'a'",
        "contains == 'x'",
        "has-gpu == 'a'",
        "not-ready != 'x'",
        "kubernetes.io/os == 'linux'",
    ],
)
def test_accepts(text):
    assert selector.problem(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rack", "operator is missing"),
        ("rack ==", "quoted value is missing"),
        ("rack == a", "quoted value is missing"),
        ("rack = 'a'", "cannot be read"),
        ("rack == 'a", "cannot be read"),
        ("rack == 'a' &&", "ends where a term"),
        ("rack == 'a' & b == 'c'", "cannot be read"),
        ("rack == 'a' b == 'c'", "does not belong"),
        ("rack in 'a'", "'{' is missing"),
        ("rack in {'a',}", "quoted value is missing"),
        ("rack in {'a'", "'}' is missing"),
        ("(rack == 'a'", "')' is missing"),
        ("rack == 'a')", "does not belong"),
        ("&& all()", "is no term"),
        ("everything()", "is no operator"),
        ("has(gpu", "is no operator"),
        ("ключ == 'a'", "cannot be read"),
        ("(" * 5000, "nested too deeply"),
    ],
)
def test_refuses(text, words):
    assert words in selector.problem(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("global()", True),
        ("a == 'b' || global( )", True),
        ("a == 'global()'", False),
        ("global(", False),
    ],
)
def test_global(text, expected):
    assert selector.has_global(text) is expected
