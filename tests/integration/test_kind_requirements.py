# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Molecule scenario kind names what is missing and how to supply it. The programs docker and
kind are stand-ins here.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"
# What Ansible itself needs of PATH; everything else is missing unless a test puts it there.
NEEDED = ("chmod", "id", "mkdir", "rm", "sh", "sleep", "uname")
VERSION = "v3.32.1"


@pytest.fixture
def machine(tmp_path):
    """A machine on which everything is there: (environment, folder of programs, mirror, images)."""
    programs, mirror, images = tmp_path / "bin", tmp_path / "mirror", tmp_path / "images"
    for folder in (programs, mirror / VERSION, images):
        folder.mkdir(parents=True)
    for name in NEEDED:
        (programs / name).symlink_to(shutil.which(name))
    say(programs, "docker", "exit 0")
    say(
        programs,
        "kind",
        "echo $1 >> %s/kind-did; [ $1 = version ] || { echo the stand-in makes no cluster >&2; exit 7; }"
        % tmp_path,
    )
    (mirror / VERSION / "SHA256SUMS").write_text("", encoding="utf-8")
    (images / "calico.tar").write_bytes(b"")
    environment = {
        "PATH": str(programs),
        "HOME": str(tmp_path),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv/ac"),
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "HARDWAY_KIND_IMAGES": str(images),
        "HARDWAY_RELEASE_MIRROR": str(mirror),
        "LC_ALL": "C.UTF-8",
    }
    return environment, programs, mirror, images


def say(programs, name, script):
    (programs / name).write_text("#!/bin/sh\n%s\n" % script, encoding="utf-8")
    (programs / name).chmod(0o755)


def create(environment):
    """What `molecule create` runs: (exit code, output in one line, what kind was asked to do)."""
    done = subprocess.run(
        [
            BIN / "python",
            BIN / "ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            ROOT / "molecule/kind/create.yml",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    asked = pathlib.Path(environment["HOME"]) / "kind-did"
    return (
        done.returncode,
        " ".join((done.stdout + done.stderr).split()),
        asked.read_text(encoding="utf-8").split() if asked.exists() else [],
    )


def without_docker(environment, programs, mirror, images):
    (programs / "docker").unlink()


def without_kind(environment, programs, mirror, images):
    (programs / "kind").unlink()


def without_node_image(environment, programs, mirror, images):
    environment["HARDWAY_KIND_NODE_IMAGE"] = "no/node:1"
    say(programs, "docker", "case $1 in image|pull) echo no such image >&2; exit 1;; esac")


def without_image_files(environment, programs, mirror, images):
    (images / "calico.tar").unlink()


def without_local_images(environment, programs, mirror, images):
    environment["HARDWAY_KIND_IMAGES"] = "docker"
    say(programs, "docker", "case $3 in */typha:*) echo no such image >&2; exit 1;; esac")


def without_registry(environment, programs, mirror, images):
    environment["HARDWAY_KIND_IMAGES"] = "registry"
    say(programs, "docker", "case $1 in pull) echo connection refused >&2; exit 1;; esac")


def with_another_source(environment, programs, mirror, images):
    environment["HARDWAY_KIND_IMAGES"] = "cloud"


def without_release_files(environment, programs, mirror, images):
    (mirror / VERSION / "SHA256SUMS").unlink()


@pytest.mark.parametrize(
    "lack, found, remedy",
    [
        (without_docker, "A running Docker engine is missing.", "install and start Docker"),
        (without_kind, "kind is missing.", "put kind on PATH"),
        (without_node_image, "no/node:1", "HARDWAY_KIND_NODE_IMAGE"),
        (without_image_files, "There are no images in", "docker save -o"),
        (
            without_local_images,
            "quay.io/calico/typha:v3.32.1 is not in the local Docker",
            "docker pull, load or build it",
        ),
        (
            without_registry,
            "quay.io/calico/node:v3.32.1 cannot be pulled",
            "HARDWAY_CALICO_REGISTRY",
        ),
        (with_another_source, "HARDWAY_KIND_IMAGES is not understood", "unset it for registry"),
        (
            without_release_files,
            "The files of Calico v3.32.1 cannot be had",
            "HARDWAY_RELEASE_MIRROR",
        ),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_made(machine, lack, found, remedy):
    lack(*machine)
    code, said, asked = create(machine[0])
    assert code != 0 and found in said and remedy in said, said
    assert set(asked) <= {"version"}


def test_with_everything_there_the_cluster_is_asked_for(machine):
    """The control: nothing is refused, and the run ends where the stand-in of kind ends it."""
    code, said, asked = create(machine[0])
    assert code != 0 and "the stand-in makes no cluster" in said, said
    assert asked == ["version", "get"]


def test_the_documented_command_alone_says_what_is_missing(machine):
    """`molecule test -s kind` as docs/kind.md has it, with none of the scenario's variables set."""
    environment, programs, _mirror, _images = machine
    (programs / "docker").unlink()
    (programs / "kind").unlink()
    for program in BIN.glob("ansible*"):
        (programs / program.name).symlink_to(program)
    bare = {
        name: value for name, value in environment.items() if name in ("PATH", "HOME", "LC_ALL")
    }
    done = subprocess.run(
        [BIN / "python", BIN / "molecule", "test", "-s", "kind"],
        env=bare,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    for missing, remedy in (
        ("A running Docker engine is missing.", "install and start Docker"),
        ("kind is missing.", "put kind on PATH"),
    ):
        assert missing in said and remedy in said, said
