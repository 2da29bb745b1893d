# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the version table: one for each supported minor, and what changed when (pure).

A minor that is like the one before it is a row of MINORS and nothing else. What it changes is a row
with `since`, and an `until` in the row that it replaces: here in CHANGES, in rbac.py and in crds.py.
Sources: upstream's manifests at each tag, docs "system requirements" for the Kubernetes ranges.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._release.span import holds

# What is installed where nobody names a release.
DEFAULT = "v3.32.1"


@dataclass(frozen=True)
class Minor:
    """What is particular to one minor.

    latest: the newest patch known. kubernetes: the tested range, inclusive. crds_sha256: of
    manifests/crds.yaml by patch. calicoctl_sha256: of calicoctl-linux-<arch> by patch and architecture.
    """

    latest: int
    kubernetes: tuple[str, str]
    crds_sha256: dict[int, str] = field(default_factory=dict)
    calicoctl_sha256: dict[int, dict[str, str]] = field(default_factory=dict)


def _same(digest: str, first: int, last: int) -> dict[int, str]:
    """One digest for the patches first..last."""
    return dict.fromkeys(range(first, last + 1), digest)


MINORS = {
    26: Minor(
        latest=5,
        kubernetes=("1.24", "1.28"),
        crds_sha256=_same("8d1c95bb0460c8b2748eb3b3a0466a9562ebeaba193934b62cd37f0588dfb9be", 0, 5),
        calicoctl_sha256={
            5: {
                "amd64": "3c5b3bf8d6cd4f9e14f585ca9ea5b8614209daa6019e25036b15062110022afc",
                "arm64": "424f2e41ac859a5e270959f8703cb44171bd7199f0a4c3df12e8a4f180e9d969",
                "ppc64le": "115427fa9d135a17b92efd5fdb9d68588dd5186c06772bc9f56be27dbec89e3b",
            }
        },
    ),
    27: Minor(
        latest=5,
        kubernetes=("1.27", "1.29"),
        crds_sha256={
            0: "8856419e91475d522d1529da0a83135c2588ebff53089ff3697a13df9d8bc80f",
            **_same("5f5088acef607e328d5b39c99b4da63510550cb50316ff4d4fcbdf47a5ddf88d", 1, 5),
        },
    ),
    28: Minor(
        latest=5,
        kubernetes=("1.27", "1.30"),
        crds_sha256={
            **_same("f09dbaf5b25419659af654f3b50edb3a2b1ebcfeab80b0e56f7fbc79721e8ec3", 0, 2),
            **_same("541635bf3e0cd409ff2f5b9b78363ac8901da4565fffaeb4c1507e19461bf4c7", 3, 5),
        },
        calicoctl_sha256={
            5: {
                "amd64": "fe4702ce171045728b6c37b2c01e6f903780997aea7e695b35735754eeeeaf64",
                "arm64": "691baba17e6a50d0ceee7f95569b864729e436f474fce1e9842041b33cc14316",
                "ppc64le": "1aa3b36f198aecdad312664c7b2dd2b15daced54fd4e2db56563d57431fb10d3",
            }
        },
    ),
    29: Minor(
        latest=7,
        kubernetes=("1.29", "1.32"),
        crds_sha256={
            0: "ed35a2bd383674f4d61b013f2588be1ee08b5e7a26eb3208ba6a5565ebf0175c",
            1: "aaa336bf0ef87495eccecae7eb65acaf59508a7f0a44dbeec933e05d73bbe0a0",
            **_same("1620ee6f539de44bbb3ec4aa3c2687b5023d4ee30795b30663ab3423b0c5f5d5", 2, 7),
        },
        calicoctl_sha256={
            7: {
                "amd64": "c4e281a404d14da561c65838195b2a4bcf18aebca1bede5ef6b99e0bf78cb8a0",
                "arm64": "484479aa441401adf0db2effb911562d25a4c9a3f022aa6a3b082d027108edec",
                "ppc64le": "b76f1bd1feb3a83a6591196d403b35e1ce97dfdc88babcf1f52f905c0c3cc94e",
            }
        },
    ),
    30: Minor(
        latest=7,
        kubernetes=("1.31", "1.35"),
        crds_sha256={
            0: "ee795478b6ab659ee172de74e1cf974871b37f10290dfc75f4d5eae887ba4ce0",
            1: "af066bd48e68c391dec3645b94d11a1ca513398ee6c56b5a67f0eb13f13fe21e",
            2: "57ccedd965f3dcbfd2a38a53b6b9e84e07232205fb83d23ed2afcee94590eed2",
            3: "f813232c182229da17658f59db511acb3997e51973eeb293b57ac0dbb5ccf791",
            4: "be1d346a966a0be79cad7c9856ee5fc0eef8d88b70eba8d4d0bc4be057138bd3",
            5: "68bbe7f44693374f1379aa3fa55f254e9a689d070c26d0de26b2c9fb8d1166ab",
            **_same("b0eb83f6d70afac27e8830f22642cd12b0692e4d1a1b5060caa9231a951e736a", 6, 7),
        },
        calicoctl_sha256={
            7: {
                "amd64": "087e1547878913587ebaa756686f38184a730e9af9b71f3d91b92f6c99b60c11",
                "arm64": "e62d6f909d72bfd8876a363c3f49cda722d7bfdb282a4bbdeca38dd7e26e7578",
                "ppc64le": "a7a5bbd35abeaa39625d101ddb075ed04f08c1ffb209ef60b3f0204336073379",
            }
        },
    ),
    31: Minor(
        latest=7,
        kubernetes=("1.32", "1.35"),
        crds_sha256={
            0: "1c55e1979a6d8dcb8fcb0dd1b4ebd88c6f59be197b4fe683678e1e184ac5b1f8",
            **_same("476bc19de0408520d6aee0790d51d5a0f31f56ced5c45386779c302717b3493d", 1, 3),
            4: "93422c69713a91fd2bbaeb6f33003e1957cb4a95522b26b9d19dd1d6ed897c5e",
            **_same("1d6d5e523f92ee1e8227a48c016229c668f94035431b82f19139affeb45dbeff", 5, 7),
        },
        calicoctl_sha256={
            7: {
                "amd64": "1b91928adc39861ba5e04d8d15c4ce489731269b07a8e7444c0fdf677f041113",
                "arm64": "d7adff41398cb77b97451bf238022376382725ff231228f78b3ebc35d9fb9fda",
                "ppc64le": "a7b4665a1a9fbaffc9e39b75185d20da32f181e9149abe494c86d6087b854213",
            }
        },
    ),
    32: Minor(
        latest=1,
        kubernetes=("1.34", "1.36"),
        crds_sha256={
            0: "fb8d0260ab2429cb836229c7a4f52992631df75e080c314b7d8f0d1f5be3e64f",
            1: "ec6d7ac63999ff5df68aa02dcb37063496306de16df04f5f26a4588819e707ec",
        },
    ),
}

# "Will not work" at 1.20 and below, in every supported minor's documentation.
KUBERNETES_FLOOR = "1.21"

ARCHITECTURES = ("amd64", "arm64", "ppc64le", "s390x")

IMAGES = ("node", "typha", "cni", "kube-controllers")


class Change(t.NamedTuple):
    """A value in the minors since..until (inclusive; None is open)."""

    value: t.Any
    since: int | None = None
    until: int | None = None


# Each key covers every minor once.
CHANGES = {
    "registry": (Change("docker.io/calico", until=30), Change("quay.io/calico", since=31)),
    "node.seccomp_profile": (Change(False, until=28), Change(True, since=29)),
    "typha.seccomp_profile": (Change(False, until=28), Change(True, since=29)),
    # What clients look Typha up in, and Typha counts its peers in.
    "typha.discovery": (Change("endpoints", until=30), Change("endpointslices", since=31)),
    # From v3.30 on Felix limits bandwidth itself.
    "cni.bandwidth": (Change(True, until=29), Change(False, since=30)),
    # Upstream's v3.31.7 says 1.0.0, which needs containerd 1.6; 0.3.1 works with every runtime and release.
    "cni.cni_version": (Change("0.3.1"),),
    "kube_controllers.enabled_controllers": (
        Change("node", until=29),
        Change("node,loadbalancer", since=30),
    ),
    "kube_controllers.seccomp_profile": (Change(False, until=28), Change(True, since=29)),
    "kube_controllers.run_as_non_root": (Change(False, until=28), Change(True, since=29)),
    # Whether it renames policies that earlier releases stored as default.NAME.
    "kube_controllers.policy_migration": (Change(False, until=31), Change(True, since=32)),
}


def value(key: str, minor: int) -> t.Any:
    """The value that CHANGES has for a minor."""
    for change in CHANGES[key]:
        if holds(minor, change.since, change.until):
            return change.value
    raise KeyError("%s says nothing about 3.%d" % (key, minor))
