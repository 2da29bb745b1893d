# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark: the main job on labs of several sizes, first run and unchanged run.

For each: module executions (all, and on the busiest worker), the worker's by phase, wall seconds and controller CPU
seconds with ssh included. Counts are exact; times are of this machine, where the hosts and the API server share its
cores with the controller, so read them as ratios within one output.
"""

from __future__ import annotations

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from hardway_testbed.ansible import play  # noqa: E402
from hardway_testbed.lab import Lab  # noqa: E402

HEADING = "%5s  %-9s  %8s  %8s  %7s  %7s  %s" % (
    "hosts",
    "run",
    "modules",
    "a worker",
    "wall s",
    "CPU s",
    "of the worker, by phase",
)


def busiest_worker(lab, run):
    return max(lab.workers, key=run.on)


def row(lab, name, run):
    worker = busiest_worker(lab, run)
    phases = ", ".join(
        "%s: %d" % (play_name, count)
        for (host, play_name), count in run.counts.items()
        if host == worker
    )
    return "%5d  %-9s  %8d  %8d  %7.1f  %7.1f  %s" % (
        lab.size,
        name,
        len(run.executions),
        run.on(worker),
        run.seconds,
        run.cpu_seconds,
        phases,
    )


def measure(hosts, rows):
    lab = Lab("bench%d" % hosts, hosts=hosts)
    try:
        lab.up()
        for name in ("first", "unchanged"):
            run = play(lab, timeout=1800).succeeded()
            rows.append(row(lab, name, run))
            print(HEADING, rows[-1], sep="\n", flush=True)
            yield name, run.on(busiest_worker(lab, run))
    finally:
        lab.down()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, nargs="+", default=[3, 20, 50])
    rows = []
    over = []
    for hosts in parser.parse_args().hosts:
        over += [
            (hosts, name, count)
            for name, count in measure(hosts, rows)
            if count > {"first": 6, "unchanged": 4}[name]
        ]
    print("\n" + HEADING)
    print("\n".join(rows))
    for hosts, name, count in over:
        print(
            "over the budget: %d module executions on a worker in the %s run with %d hosts"
            % (count, name, hosts)
        )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
