# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a declared KubeControllersConfiguration (pure).

Sources: libcalico-go/lib/clientv3/kubecontrollersconfig.go and lib/validator/v3 at each release's
tag. The CRDs check almost nothing up to 3.31, and an object that libcalico-go refuses keeps
kube-controllers from starting: it writes its status through the same validation.
"""

from __future__ import annotations

import re
import typing as t
import warnings

from ansible_collections.hardway.calico.plugins.module_utils._datastore import selector
from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Field, Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.fields import (
    FIELDS,
    LONGEST,
    PATHS,
    SECTIONS,
    TEMPLATE_FIELDS,
    seconds,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.names import is_name
from ansible_collections.hardway.calico.plugins.module_utils._datastore.networks import (
    covered,
)

PORTS = range(65536)

# net.ParseCIDR takes neither an address alone nor a mask as an address.
WITH_LENGTH = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")
# k8s.io/apimachinery's IsQualifiedName and IsValidLabelValue.
LABEL_PART = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
# A part of a regular expression, which is "only_python" where Go's RE2 refuses what Python's re may take.
PATTERN_PART = re.compile(
    r"""
    (?P<only_python>
        \\[1-9NUZu]                                                     # a backreference, or an escape
      | \(\?(?!P<|[ims-]*[:)])                                          # (?=a), (?<!a), (?P=a), (?#a), (?x)
      | (?:[*+?]|\{[0-9,]+\})\+                                         # a++
      | \{(?:[0-9]+,)?(?:[0-9]{5}|[2-9][0-9]{3}|1(?!000)[0-9]{3})       # a{1001}
      | \[\^?\]?(?:\\[^1-9NUZub]|[^\]\\])*\\[1-9NUZub]                  # [\1]
    )
    | \\. | \[\^?\]?(?:\\.|[^\]\\])*\] | .
    """,
    re.DOTALL | re.VERBOSE,
)


def problems(wanted: Spec, minor: int) -> t.Iterator[str]:
    """Sentences about each field that a release does not know or does not take. wanted: {path: value}."""
    known = {path: value for path, value in wanted.items() if path in PATHS}
    for path in wanted:
        if path in SECTIONS:
            yield "%s: expected fields of it; found %s" % (path, _shown(wanted[path]))
        elif path not in PATHS:
            yield "%s: Calico has no such field; %s" % (path, _neighbours(path))
    yield from FIELDS.release_problems("KubeControllersConfiguration", known, minor)
    for path, value in known.items():
        yield from _value_problems(FIELDS[path], value, minor)


def _neighbours(path: str) -> str:
    """The fields and sections beside one that is not there."""
    while "." in path and path.rpartition(".")[0] not in SECTIONS:
        path = path.rpartition(".")[0]
    inside = path.rpartition(".")[0]
    beside = sorted(each for each in PATHS | SECTIONS if each.rpartition(".")[0] == inside)
    return "expected one of " + ", ".join(each.rpartition(".")[2] for each in beside)


def _value_problems(field: Field, value: t.Any, minor: int) -> t.Iterator[str]:
    if value is None:
        yield "%s: it has no value; leave it out, and it stays as it is" % field.key
    elif field.choices and value not in field.choices:
        expected = ", ".join(field.choices)
        yield "%s: expected one of %s; found %s" % (field.key, expected, _shown(value))
    elif field.type == "duration" and seconds(value) is None:
        yield "%s: expected a duration such as 15m or 0s%s; found %s" % (
            field.key,
            ", at most %s" % LONGEST if isinstance(value, str) else "",
            _shown(value),
        )
    elif field.type == "int" and (isinstance(value, bool) or value not in PORTS):
        yield "%s: expected a port, 0 to 65535; found %s" % (field.key, _shown(value))
    elif field.type == "list" and minor >= field.since:
        yield from _template_problems(field.key, value, minor)


def _template_problems(path: str, value: t.Any, minor: int) -> t.Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        yield "%s: expected a list of templates; found %s" % (path, _shown(value))
        return
    names = [each.get("generateName") for each in value]
    for template, name in zip(value, names):
        where = "%s: template %s" % (path, name or "without generateName")
        for problem in (
            *_template_name_problems(name, names.count(name)),
            *_template_field_problems(template, minor),
        ):
            yield "%s: %s" % (where, problem)


def _template_name_problems(name: t.Any, times: int) -> t.Iterator[str]:
    if not isinstance(name, str) or not is_name(name):
        yield "expected generateName, of lower-case letters, digits, dashes and dots"
    elif times > 1:
        yield "it is listed %d times; give each a generateName of its own" % times


def _template_field_problems(template: Spec, minor: int) -> t.Iterator[str]:
    for key in template:
        if key not in TEMPLATE_FIELDS:
            yield "Calico has no field %s there; expected one of %s" % (
                key,
                ", ".join(TEMPLATE_FIELDS),
            )
        elif minor < TEMPLATE_FIELDS[key]:
            came = (minor, key, TEMPLATE_FIELDS[key])
            yield "Calico 3.%d has no %s, which came with 3.%d; leave it out or upgrade" % came
    cidrs, labels = template.get("interfaceCIDRs"), template.get("labels")
    if not cidrs and (minor < 31 or not template.get("interfacePattern")):
        yield "interfaceCIDRs is missing%s" % (
            "" if minor < 31 else ", and interfacePattern too; one of them is needed"
        )
    for cidr in cidrs if isinstance(cidrs, list) else [cidrs] if cidrs else []:
        if not isinstance(cidr, str) or not WITH_LENGTH.fullmatch(cidr) or covered(cidr) is None:
            yield "interfaceCIDRs: %s is no network; expected for example 10.0.0.0/8" % _shown(cidr)
    if cidrs and not isinstance(cidrs, list):
        yield "interfaceCIDRs: expected a list; found %s" % _shown(cidrs)
    yield from _label_problems(labels)
    yield from _pattern_problems(template.get("interfacePattern"))
    yield from _selector_problems(template.get("nodeSelector"))


def _label_problems(labels: t.Any) -> t.Iterator[str]:
    if not labels:
        return
    if not isinstance(labels, dict) or not all(
        isinstance(each, str) for pair in labels.items() for each in pair
    ):
        yield "labels: expected texts by name; found %s" % _shown(labels)
        return
    for name, value in labels.items():
        prefix, slash, last = name.rpartition("/")
        if not LABEL_PART.fullmatch(last) or (slash and not is_name(prefix)):
            yield (
                "labels: %r is no name of a Kubernetes label; expected for example zone or example.com/zone"
                % name
            )
        if value and not LABEL_PART.fullmatch(value):
            yield (
                "labels: %s: %r is no value of a Kubernetes label; expected up to 63 letters, digits, dashes, dots"
                " and underscores, with a letter or digit at both ends" % (name, value)
            )


# The host endpoint controller compiles it with regexp.MustCompile, which ends the process at what it cannot read.
def _pattern_problems(text: t.Any) -> t.Iterator[str]:
    wrong = "it is no text"
    if isinstance(text, str):
        wrong = _not_in_go(text)
    if text is not None and wrong:
        yield "interfacePattern %r cannot be read: %s; expected for example eth.*" % (text, wrong)


def _not_in_go(pattern: str) -> str:
    """Why Go's regexp may not read a regular expression; "" where it does. Refuses a little more, such as \\pN."""
    try:
        with warnings.catch_warnings():
            # [[:digit:]] is a class to Go, and to Python something that may change its meaning.
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as exc:
        return str(exc)
    for part in PATTERN_PART.finditer(pattern):
        if part["only_python"]:
            return "Go's regular expressions (RE2) have no %s" % part["only_python"]
    return ""


def _selector_problems(text: t.Any) -> t.Iterator[str]:
    if not text:
        return
    wrong = selector.problem(text) if isinstance(text, str) else "it is no text"
    if wrong:
        yield "nodeSelector %r cannot be read: %s; expected for example has(gpu)" % (text, wrong)


def _shown(value: t.Any) -> str:
    return "nothing" if value in (None, {}) else repr(value)
