# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's processes: started with a mark in their environment, by which they are found again and ended."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

from hardway_lab.errors import LabError

MARK = "HARDWAY_CALICO_LAB"


def start(state, name, command, **environment):
    """Start a process of the lab in a session of its own; its output goes to logs/NAME.log."""
    with open(state.logs / (name + ".log"), "ab") as log:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": "/root", MARK: state.name, **environment},
        )


def of_lab(name):
    """The pids of the lab's processes."""
    wanted = ("%s=%s" % (MARK, name)).encode()
    pids = []
    # Not by a pattern with a part below the process: one that ends meanwhile would end the search.
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (path / "environ").read_bytes().split(b"\0"):
                pids.append(int(path.name))
        except OSError:
            continue
    return [pid for pid in pids if pid != os.getpid()]


def end_one(name, program, timeout=10.0):
    """Kill the lab's process of one program and wait until it is gone."""
    deadline = time.monotonic() + timeout
    while True:
        pids = [pid for pid in of_lab(name) if _program(pid) == str(program)]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise LabError("process %s of the lab %s does not end" % (program, name))
        time.sleep(0.05)


def _program(pid):
    try:
        return pathlib.Path("/proc/%d/cmdline" % pid).read_bytes().split(b"\0")[0].decode()
    except OSError:
        return None


def end_all(name, timeout=10.0):
    """Kill the lab's processes and wait until they are gone."""
    deadline = time.monotonic() + timeout
    while True:
        pids = of_lab(name)
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise LabError("processes %s of the lab %s do not end" % (pids, name))
        time.sleep(0.05)


def wait_until(state, what, condition, process=None, log=None, timeout=60.0):
    """Wait for condition() to be true; on failure show the log's end."""
    deadline = time.monotonic() + timeout
    while not condition():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            tail = (state.logs / (log + ".log")).read_text(errors="replace")[-3000:] if log else ""
            raise LabError(
                "%s %s\n%s"
                % (
                    what,
                    "ended with %s" % process.returncode
                    if ended
                    else "was not ready after %d s" % timeout,
                    tail,
                )
            )
        time.sleep(0.1)


def answers(url):
    """Whether an HTTP server answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
