# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH hosts: an overlay over this machine's root, namespaces of their own, an sshd."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

from hardway_lab import processes

# Runs as the first process of the host's namespaces; all its mounts end with it.
START = r"""
set -e
mount --make-rprivate /
mkdir -p "$DIR/upper" "$DIR/work" "$DIR/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$DIR/upper,workdir=$DIR/work" "$DIR/root"
cd "$DIR/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs run
# The host is a fresh machine: it sees nothing of the lab's secrets or of CNI files that this machine has.
for hidden in "$STATE" "$CACHE" root/.ansible root/.kube root/.ssh; do
  [ ! -e "./$hidden" ] || mount -t tmpfs -o mode=700 tmpfs "./$hidden"
done
rm -rf opt/cni etc/cni etc/calico usr/local/bin/calicoctl etc/kubernetes var/lib/calico var/lib/hardway-calico
[ ! -d "$DIR/files" ] || cp -a "$DIR/files/." .
mkdir -p run/sshd
hostname "$HOST"
exec chroot . /usr/sbin/sshd -D -e -f /etc/ssh/lab_sshd_config
"""

SSHD = """Port 22
ListenAddress {address}
HostKey /etc/ssh/lab_host_key
AuthorizedKeysFile /etc/ssh/lab_authorized_keys
PidFile none
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxSessions 100
MaxStartups 100
Subsystem sftp internal-sftp
"""


def make_keys(state):
    """The key that opens the hosts and the key that the hosts show; one of each for the whole lab."""
    for path in (state.ssh_key, state.folder / "host_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "hardway-lab", "-f", str(path)],
            check=True,
            timeout=30,
        )


def make_filesystem(state):
    """One tmpfs for what all hosts write; it is the only mount that the lab makes outside the hosts' namespaces."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "mode=700,size=4g", "hardway-lab", str(state.hosts_tmpfs)],
        check=True,
        timeout=30,
    )


def remove_filesystem(state):
    while (
        str(state.hosts_tmpfs) in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").split()
    ):
        subprocess.run(["umount", "-l", str(state.hosts_tmpfs)], check=True, timeout=30)


def start(state, network, host, address, control_plane, cache):
    """Start a host. A control plane carries the cluster's CA and admin.conf where kubeadm puts them."""
    files = state.hosts_tmpfs / host / "files"
    ssh = files / "etc/ssh"
    ssh.mkdir(parents=True)
    (ssh / "lab_sshd_config").write_text(SSHD.format(address=address), encoding="utf-8")
    shutil.copy(state.folder / "host_key", ssh / "lab_host_key")
    shutil.copy(str(state.ssh_key) + ".pub", ssh / "lab_authorized_keys")
    if control_plane:
        pki = files / "etc/kubernetes/pki"
        pki.mkdir(parents=True)
        for name in ("ca.crt", "ca.key"):
            shutil.copy(state.pki / name, pki / name)
        shutil.copy(state.kubeconfig, files / "etc/kubernetes/admin.conf")
        if (state.folder / "etcd-pki").exists():
            (pki / "etcd").mkdir()
            for name in ("ca.crt", "ca.key"):
                shutil.copy(state.folder / "etcd-pki" / name, pki / "etcd" / name)
    for folder in files.rglob("*"):
        if folder.is_dir():
            folder.chmod(0o755)
    processes.start(
        state,
        host,
        [
            "ip",
            "netns",
            "exec",
            network.namespace(host),
            "unshare",
            "--mount",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            START,
        ],
        DIR=str(state.hosts_tmpfs / host),
        HOST=host,
        STATE=str(state.folder.parent).lstrip("/"),
        CACHE=str(cache).lstrip("/"),
    )


def ssh_options(state):
    return [
        "-i",
        str(state.ssh_key),
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "UserKnownHostsFile=%s" % state.known_hosts,
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "ConnectTimeout=5",
    ]


def answers(state, address):
    done = subprocess.run(
        ["ssh", *ssh_options(state), "root@" + address, "true"],
        capture_output=True,
        timeout=20,
        check=False,
    )
    return done.returncode == 0


def write_known_hosts(state, addresses):
    public = (state.folder / "host_key.pub").read_text(encoding="utf-8").split()
    state.known_hosts.write_text(
        "".join("%s %s %s\n" % (address, public[0], public[1]) for address in addresses),
        encoding="utf-8",
    )
