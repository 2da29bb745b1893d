# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster under test, reached by nothing but the scenario's inventory: its API as admin, programs on its nodes."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess

import yaml
from kubeconfig_client import Client
from testinfra.utils.ansible_runner import AnsibleRunner

HERE = pathlib.Path(__file__).resolve().parent
NAMESPACE = "kube-system"


class Cluster:
    """control_plane is the inventory's group of control-plane hosts. ADMIN_KUBECONFIG names the
    admin's file where the inventory has no plain path.
    """

    def __init__(self, inventory, control_plane):
        self.runner = AnsibleRunner.get_runner(inventory)
        self.hosts = self.runner.get_hosts("all")
        self.variables = {host: self.runner.get_variables(host) for host in self.hosts}
        first = self.runner.get_hosts(control_plane)[0]
        given = os.environ.get("ADMIN_KUBECONFIG") or self.variables[first].get("calico_kubeconfig")
        text = (
            pathlib.Path(given).read_text(encoding="utf-8")
            if given
            else self.exec(first, "cat", "/etc/kubernetes/admin.conf")
        )
        self.admin = Client(yaml.safe_load(text))

    def get(self, path):
        """An object or a list from the API, as admin."""
        status, answer = self.admin.request("GET", path)
        assert status == 200, "GET %s: %s %s" % (path, status, answer)
        return answer

    def items(self, path):
        return self.get(path)["items"]

    def workload(self, plural, name):
        return self.get("/apis/apps/v1/namespaces/%s/%s/%s" % (NAMESPACE, plural, name))

    def pods(self, app):
        """The pods of an app that are not on their way out."""
        found = self.items(
            "/api/v1/namespaces/%s/pods?labelSelector=k8s-app%%3D%s" % (NAMESPACE, app)
        )
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def key(self, kind, name, key):
        """The content of a Secret's or ConfigMap's key, as bytes."""
        data = self.get(
            "/api/v1/namespaces/%s/%s/%s"
            % (NAMESPACE, {"Secret": "secrets", "ConfigMap": "configmaps"}[kind], name)
        ).get("data", {})
        assert key in data, "%s %s has no key %s; it has %s" % (kind, name, key, sorted(data))
        return base64.b64decode(data[key]) if kind == "Secret" else data[key].encode()

    def command(self, host, *words):
        """The local command that runs `words` on a host, by the connection that the inventory
        names. Not testinfra's own way, because that has no standard input, and a key must not be an
        argument.
        """
        about = self.variables[host]
        if about.get("ansible_connection", "ssh") in ("docker", "community.docker.docker"):
            return ["docker", "exec", "-i", about.get("ansible_host", host), *words]
        options = shlex.split(about.get("ansible_ssh_common_args", ""))
        if "ansible_ssh_private_key_file" in about:
            options += ["-i", about["ansible_ssh_private_key_file"]]
        target = "%s@%s" % (about.get("ansible_user", "root"), about.get("ansible_host", host))
        return ["ssh", *options, "-o", "ConnectTimeout=10", target, shlex.join(words)]

    def exec(self, host, *words, stdin=""):
        """A command on a host; returns its standard output as text."""
        done = subprocess.run(
            self.command(host, *words),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, "%s on %s: exit %d\n%s\n%s" % (
            words[:1],
            host,
            done.returncode,
            done.stdout,
            done.stderr,
        )
        return done.stdout

    def python(self, host, source, **given):
        """Run main(given) of one of this folder's node programs on a host. Returns what it prints, decoded."""
        return json.loads(
            self.exec(host, self.interpreter(host), "-c", BOOTSTRAP, stdin=program(source, given))
        )

    def python_everywhere(self, source, **given):
        """python() on all hosts at once: {host: what the program prints}."""
        with concurrent.futures.ThreadPoolExecutor(len(self.hosts)) as threads:
            return dict(
                zip(
                    self.hosts,
                    threads.map(lambda host: self.python(host, source, **given), self.hosts),
                )
            )

    def start_python(self, host, source, **given):
        """The same as a process that is left running; returns it once it has printed a line. It
        must end with its standard input.
        """
        process = subprocess.Popen(
            self.command(host, self.interpreter(host), "-c", BOOTSTRAP),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdin.write(program(source, given))
        process.stdin.flush()
        assert process.stdout.readline(), "%s on %s ended at once" % (source, host)
        return process

    def interpreter(self, host):
        return self.variables[host].get("ansible_python_interpreter", "/usr/bin/python3")


# Reads one line, so that standard input is still there for the program, which may import kubeconfig_client.
BOOTSTRAP = """
import json, sys, types
client, source, given = json.loads(sys.stdin.readline())
sys.modules["kubeconfig_client"] = types.ModuleType("kubeconfig_client")
exec(client, vars(sys.modules["kubeconfig_client"]))
exec(source)
main(given)
"""


def program(source, given):
    """A line for BOOTSTRAP."""
    return (
        json.dumps(
            [(HERE / name).read_text(encoding="utf-8") for name in ("kubeconfig_client.py", source)]
            + [given]
        )
        + "\n"
    )
