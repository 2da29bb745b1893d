#!/usr/bin/env bash
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The scenario's lab with group names that hardway.calico does not know.
set -o pipefail
"$(dirname "$0")/../shared/lab.sh" | sed -e 's/"masters"/"brains"/g' -e 's/"workers"/"muscles"/g'
