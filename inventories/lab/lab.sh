#!/usr/bin/env bash
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Inventory script: the hosts of a lab that is up, "demo" or the one that LAB names.
#   ansible-playbook -i inventories/lab/lab.sh hardway.calico.site
exec "$(dirname "$0")/../../tests/lab/lab" inventory --name "${LAB:-demo}"
