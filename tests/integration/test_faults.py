# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the tests: faults that users would suffer from, each put into a copy of the tracked
files, must turn a named test red.

A fault is a replacement of a text that occurs exactly once; whoever changes that text changes the fault here with it.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TYPHA, SERVICE, NODE = (
    "roles/%s.yaml.j2" % name
    for name in (
        "typha/templates/deployment",
        "typha/templates/service",
        "node/templates/daemonset",
    )
)
RENDERED = "tests/unit/roles/test_rendered_roles.py::"

# What the user would see: (file, text, replacement, the test that must fail).
FAULTS = {
    "every local user can act as the CNI plugin": (
        "roles/cni/tasks/install.yml",
        'mode: "0600"',
        'mode: "0644"',
        RENDERED + "test_the_kubeconfig_is_for_root_only",
    ),
    "no pod gets a network, since the conflist names no file that is there": (
        "roles/cni/tasks/install.yml",
        '    kubeconfig: "{{ cni_kubeconfig_path }}"',
        "    kubeconfig: /etc/cni/net.d/calico.kubeconfig",
        RENDERED + "test_the_conflist_names_the_kubeconfig_that_is_written",
    ),
    "Typha hangs for ever on a 403": (
        "plugins/module_utils/_release/rbac.py",
        '    Rule("kubevirt.io", "virtualmachineinstancemigrations", READ, UNSYNCED, since=32),\n',
        "",
        "tests/unit/_release/test_releases.py::test_typha_rights_are_what_its_syncers_read",
    ),
    "Typha does not start, since its certificate is not mounted": (
        TYPHA,
        "            - name: calico-typha-certs\n"
        "              mountPath: /calico-typha-certs\n"
        "              readOnly: true\n",
        "",
        RENDERED + "test_typha_finds_its_certificates",
    ),
    "Typha refuses every calico/node": (
        "plugins/module_utils/_typha/objects.py",
        'common_name="calico-node"',
        'common_name="calico-nodes"',
        "tests/unit/_typha/test_typha_pki_module.py::test_empty_cluster",
    ),
    "a leaf serves for both sides, since it has no extended key usage": (
        "plugins/module_utils/_pki/x509.py",
        "builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)",
        "del purpose",
        "tests/unit/_typha/test_typha_pki_module.py::test_mutual_tls_handshake",
    ),
    "Typha stays Pending where every node carries a taint": (
        TYPHA,
        "        - effect: NoSchedule\n          operator: Exists\n",
        "",
        RENDERED + "test_pods_run_on_nodes_of_every_taint",
    ),
    "after 24 h no pod gets a network, since calico/node replaced the kubeconfig": (
        NODE,
        "  'CALICO_MANAGE_CNI': __calico_install_cni | string | lower,\n",
        "",
        RENDERED + "test_calico_node_leaves_the_cni_users_kubeconfig_alone",
    ),
    "a pool without ipip_mode is encapsulated": (
        "plugins/module_utils/_datastore/ippool/fields.py",
        'carried in IPIP.",\n        choices=MODES,\n        written="Never"',
        'carried in IPIP.",\n        choices=MODES,\n        written="Always"',
        "tests/unit/_datastore/ippool/test_ippool_plan.py::test_a_new_pool_is_written_with_calicoctls_defaults",
    ),
    "calico/node does not find Typha": (
        SERVICE,
        "    - name: calico-typha\n      port: 5473\n",
        "    - name: typha\n      port: 5473\n",
        RENDERED + "test_clients_find_typha_by_the_ports_name",
    ),
    "no node can be drained": (
        SERVICE,
        "  maxUnavailable: 1\n",
        "  maxUnavailable: 0\n",
        RENDERED + "test_a_drain_may_take_one_typha_at_a_time",
    ),
    "in etcd, another's change is overwritten": (
        "plugins/module_utils/_etcd/client.py",
        "compare=[compare], success=[write]",
        "compare=[], success=[write]",
        "tests/unit/_etcd/test_etcd.py::test_a_write_counts_once_whatever_became_of_the_first_attempt",
    ),
    "in etcd, a block that lost its node cannot be read by Calico": (
        "plugins/module_utils/_datastore/etcd_model.py",
        '        "affinity": None,\n',
        "",
        "tests/unit/_datastore/test_etcd_model.py::test_what_is_written",
    ),
    "check mode replaces certificates": (
        "plugins/modules/typha_pki.py",
        "if plan and not module.check_mode:",
        "if plan:",
        "tests/unit/_typha/test_typha_pki_module.py::test_check_mode_on_the_empty_cluster",
    ),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the checkout's files, tracked or new."""
    copy = tmp_path_factory.mktemp("faults") / "calico"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def pytest_in(tree, *tests):
    return subprocess.run(
        [
            sys.executable,
            "-B",
            "-m",
            "pytest",
            "-q",
            "-x",
            "-rA",
            "--tb=short",
            "-p",
            "no:cacheprovider",
            *tests,
        ],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


def told(done, verdict):
    """The tests that ended so, without their parameters."""
    return {
        name.partition("[")[0] for name in re.findall(r"^%s (\S+)" % verdict, done.stdout, re.M)
    }


def test_without_a_fault_all_is_green(tree):
    tests = sorted({test for _path, _text, _other, test in FAULTS.values()})
    done = pytest_in(tree, *tests)
    assert done.returncode == 0 and told(done, "PASSED") == set(tests), done.stdout[-6000:]


@pytest.mark.parametrize("fault", list(FAULTS))
def test_the_fault_turns_its_test_red(tree, fault):
    name, text, other, test = FAULTS[fault]
    path = tree / name
    sound = path.read_text(encoding="utf-8")
    assert sound.count(text) == 1, "%s has the text %d times: %r" % (name, sound.count(text), text)
    path.write_text(sound.replace(text, other), encoding="utf-8")
    try:
        done = pytest_in(tree, test)
    finally:
        path.write_text(sound, encoding="utf-8")
    # 1 is "tests failed"; a test that cannot be collected or a fixture that breaks is another code or an ERROR.
    assert (
        done.returncode == 1 and told(done, "FAILED") == {test} and told(done, "ERROR") == set()
    ), done.stdout[-6000:]
