# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What roles hand to modules: their templates and task arguments, rendered by Ansible itself with the roles' defaults.

In a process of its own, since Ansible's controller parts change how modules warn.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

from checkout import ROOT

CHILD = """
import json, pathlib, sys
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
init_plugin_loader([])
root, given = pathlib.Path(sys.argv[1]), json.load(sys.stdin)
loader = DataLoader()
answers = []
for role, subject, extra in given:
    values = {}
    for name in ("calico", role):
        for folder in ("defaults", "vars"):
            path = root / "roles" / name / folder / "main.yml"
            if path.exists():
                values.update(loader.load_from_file(str(path), trusted_as_template=True))
    values["__%s_release_row" % role] = trust_as_template("{{ lookup('hardway.calico.release', calico_version) }}")
    values.update(extra)
    templar = Templar(loader, values)
    path = root / "roles" / role / subject
    if path.suffix == ".j2":
        text = templar.template(trust_as_template(path.read_text(encoding="utf-8")))
        answers.append([document for document in yaml.safe_load_all(text) if document])
    else:
        tasks = loader.load_from_file(str(path), trusted_as_template=True)
        ours = [(key, value) for task in tasks for key, value in task.items() if key.startswith("hardway.calico.")]
        answers.append({key: templar.template(value) for key, value in ours})
json.dump(answers, sys.stdout)
"""


def rendered(*wanted):
    """For each (role, file of the role, variables): a template's documents, or {module: arguments} of a task file."""
    tree = next(
        path
        for path in sys.path
        if (pathlib.Path(path) / "ansible_collections/hardway/calico").exists()
    )
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": tree,
        "_ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR": "error",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(ROOT)],
        check=False,
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
