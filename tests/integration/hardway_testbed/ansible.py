# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook on a lab, with their recap, module counts and output."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from hardway_testbed.lab import ROOT

RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)


@dataclass
class Run:
    """A finished run. counts: {(host, play): module executions}; seconds: wall; cpu_seconds: the
    controller's, ssh included.
    """

    returncode: int
    output: str
    seconds: float
    cpu_seconds: float
    executions: list = field(default_factory=list)

    @property
    def changed(self):
        return {
            host: int(changed)
            for host, _ok, changed, _unreachable, _failed in RECAP.findall(self.output)
        }

    @property
    def counts(self):
        return collections.Counter((line["host"], line["play"]) for line in self.executions)

    def on(self, host):
        return sum(1 for line in self.executions if line["host"] == host)

    def succeeded(self):
        assert self.returncode == 0, self.output[-6000:]
        return self


def environment(**more):
    """The environment of a run: the checkout as the collection, its ansible.cfg, strict about warnings' sources."""
    env = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv/ac"),
        "ANSIBLE_NOCOLOR": "1",
    }
    env.update(
        ANSIBLE_INJECT_FACT_VARS="false",
        ANSIBLE_DEPRECATION_WARNINGS="true",
        _ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR="error",
    )
    env.update(more)
    return env


def command(inventory, playbook, *arguments):
    return [
        str(ROOT / ".venv/bin/ansible-playbook"),
        "-i",
        str(inventory),
        str(playbook),
        *arguments,
    ]


def play(lab, *arguments, playbook="hardway.calico.site", inventory=None, timeout=900, **env):
    """Run a playbook to its end."""
    with tempfile.NamedTemporaryFile("r", prefix="module-count-") as counts:
        env.setdefault("ANSIBLE_CALLBACK_PLUGINS", str(ROOT / "tests/bench/callback"))
        env.setdefault("ANSIBLE_CALLBACKS_ENABLED", "module_count")
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(
            command(inventory or lab.inventory, playbook, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env=environment(MODULE_COUNT_FILE=counts.name, **env),
            cwd=ROOT,
        )
        seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        executions = [json.loads(line) for line in counts]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(done.returncode, done.stdout, seconds, cpu, executions)


def descendants(pid):
    """The processes that a process has started, and those that they have."""
    parents = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        stat = process / "stat"
        with contextlib.suppress(OSError):
            # "1 (a name) S 0 ...": the name may hold anything.
            parents.setdefault(
                int(
                    stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
                ),
                [],
            ).append(int(stat.parent.name))
    found, left = [], [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def play_and_kill(lab, task, *arguments, playbook="hardway.calico.site", delay=0.0, play_name=""):
    """Start a playbook and kill -9 it with all its workers and modules `delay` seconds after the
    named task was announced.

    play_name: the play whose task it is, where a play before has one of the same name.

    Returns the output until then; asserts that the task was reached.
    """
    process = subprocess.Popen(
        command(lab.inventory, playbook, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(PYTHONUNBUFFERED="1"),
        cwd=ROOT,
        start_new_session=True,
    )
    lines, reached, there = [], False, not play_name
    try:
        for line in process.stdout:
            lines.append(line)
            there = there or (line.startswith("PLAY") and play_name in line)
            if there and line.startswith("TASK") and task in line:
                reached = True
                time.sleep(delay)
                break
    finally:
        if process.poll() is None:
            # Ansible's workers are in sessions of their own: left alone, the module at work would
            # end its work after the kill.
            family = descendants(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            for pid in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.stdout.close()
        process.wait(timeout=30)
    assert reached, "the run never reached the task %r:\n%s" % (task, "".join(lines)[-4000:])
    return "".join(lines)


def write_playbook(directory, text, name="playbook.yml"):
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path
