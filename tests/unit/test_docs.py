# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation names is there: files, headings, variables, messages, and the picture's arrows."""

from __future__ import annotations

import ast
import functools
import re
from xml.etree import ElementTree

import grimp
import pytest
import yaml
from checkout import ROOT

PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in (
        "*.md",
        "docs/*.md",
        "roles/*/README.md",
        "molecule/README.md",
        "tests/lab/*.md",
    )
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.M | re.S)
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.{},-]+(?:/[\w.{},*-]+)+/?")
TOP = (
    *("changelogs", "docs", "inventories", "meta", "molecule"),
    *("playbooks", "plugins", "roles", "scripts", "tests"),
)
VARIABLE = re.compile(
    r"(?:calico|certificates|cni|datastore|kube_controllers|node|rotate|typha|upgrade)_[a-z0-9_]+"
)
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-#0-9.]*[a-zA-Z]|\{\{.*?\}\}", re.S)


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page):
    """A page without its blocks of commands and messages."""
    return BLOCK.sub("", text_of(page))


def headings(page):
    """The anchors that GitHub makes of a page's headings."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in LINK.findall(prose(page)):
        if link.startswith(("http://", "https://")):
            continue
        path, _hash, anchor = link.partition("#")
        target = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target.relative_to(ROOT)), link


def paths(page):
    """Paths of the repository in a page's inline code; those of rooms may leave plugins/module_utils out."""
    for code in CODE.findall(prose(page)):
        for path in PATH.findall(code):
            first = path.partition("/")[0]
            if re.search(r"[A-Z]{3}(?!.*README)", path):
                continue  # plugins/modules/NAME.py
            if first in TOP:
                yield path
            elif first.startswith("_"):
                yield "plugins/module_utils/" + path


def alternatives(path):
    """roles/{typha,node}/templates as two paths."""
    match = re.search(r"\{([^}]*)\}", path)
    if match is None:
        return [path]
    head, tail = path[: match.start()], path[match.end() :]
    return [head + each + tail for each in match.group(1).split(",")]


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    missing = [
        path
        for named in paths(page)
        for path in alternatives(named)
        if not list(ROOT.glob(path.rstrip("/")))
    ]
    assert missing == []


def sources():
    for top in ("plugins", "roles", "playbooks"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".py", ".yml", ".j2"):
                yield path


@functools.cache
def known_words():
    found = set()
    for path in sources():
        found.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_variables_that_are_named_exist(page):
    named = {name for code in CODE.findall(prose(page)) for name in VARIABLE.findall(code)}
    assert {name.rstrip("_") for name in named} - known_words() == set()


@functools.cache
def patterns():
    """What the code can say, whole or a part of it: (its fixed parts, a regular expression)."""
    said = set()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            tree = ast.walk(ast.parse(text))
            values = (node.value for node in tree if isinstance(node, ast.Constant))
            said.update(value for value in values if isinstance(value, str))
        elif path.suffix == ".yml":
            said.update(strings(yaml.safe_load(text)))
    parts = set()
    for words in said:
        flat = PLACEHOLDER.sub("%s", words.replace("%%", "%"))
        parts.update([flat, *re.split(r"[.:;] ", flat), *re.split(r"[.:;,] ", flat)])
    return [pattern(part) for part in sorted(parts) if " " in part and "\n\n" not in part]


def pattern(words):
    fixed = [" ".join(part.split()) for part in words.rstrip(".:; ").split("%s")]
    regex = r"\s*.*?\s*".join(map(re.escape, fixed))
    return [part for part in fixed if part], re.compile(regex.removesuffix(r"\s*.*?\s*"))


def strings(value):
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, str):
        yield value
        return
    elif not isinstance(value, list):
        return
    for item in value:
        yield from strings(item)


def is_said(message):
    """Whether the code can print a message: a text with some fixed part of its own fits its beginning."""
    message = " ".join(message.split())
    least = min(14, len(message) * 0.35)
    return any(
        sum(map(len, fixed)) >= least
        and all(part in message for part in fixed)
        and regex.match(message)
        for fixed, regex in patterns()
    )


def quoted():
    page = text_of("docs/symptoms.md")
    messages = [content for language, content in BLOCK.findall(page) if language == "text"]
    for row in re.findall(r"^\| (?!found|status|problem|message|reason)(.+) \|$", page, re.M):
        cells = row.split(" | ")
        messages += [code for code in CODE.findall(" | ".join(cells[:-1])) if len(code.split()) > 2]
    return messages


@pytest.mark.parametrize("message", quoted())
def test_messages_are_quoted_as_the_code_prints_them(message):
    assert is_said(message)


def test_what_nobody_says_is_told_from_what_is_said():
    assert not is_said("The pods are on strike. Expected: work.")


def test_the_picture_has_the_arrows_that_the_imports_have():
    drawn = {
        (path.get("data-from"), path.get("data-to"))
        for path in ElementTree.parse(ROOT / "docs/architecture.svg").iter()
        if path.get("data-from")
    }
    rooms = "ansible_collections.hardway.calico.plugins.module_utils"
    graph = grimp.build_graph(rooms.rpartition(".")[0], cache_dir=None)
    imports = set()
    for module in graph.find_descendants(rooms):
        here = module[len(rooms) + 1 :].partition(".")[0]
        for imported in graph.find_modules_directly_imported_by(module):
            there = imported[len(rooms) + 1 :].partition(".")[0]
            if there not in (here, "_plan", "_errors"):
                imports.add((here, there))
    assert drawn == imports
