#!/usr/bin/env bash
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Inventory script: the hosts of the scenario's lab, which LAB names; none before `create`.
exec 3>&1
if ! "$(dirname "$0")/../../tests/lab/lab" inventory --name "$LAB" >&3 2>/dev/null; then
  echo '{"_meta": {"hostvars": {}}}'
fi
