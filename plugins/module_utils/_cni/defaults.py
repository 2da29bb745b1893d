# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose credential nodes hold and where their files are, where nobody says otherwise (pure).

Nodes import it too, so it imports nothing.
"""

from __future__ import annotations

USER = "calico-cni"
SECRET = "calico-cni-credential"
KUBECONFIG = "/etc/cni/net.d/calico-kubeconfig"
CONFLIST = "/etc/cni/net.d/10-calico.conflist"
BINARIES = "/opt/cni/bin"
ETCD_TLS = "/etc/cni/net.d/calico-tls"
