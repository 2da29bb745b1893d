# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` and `make test` set everything up by themselves. `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
# Two test files at once, each on labs of its own; a file's tests stay together and in order. PARALLEL= runs one after the other.
PARALLEL ?= -n 2 --dist loadfile --no-loadscope-reorder
PLUGINS := ansible_collections.hardway.calico.plugins
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(VENV)/ac
export PATH := $(BIN):$(PATH)

.PHONY: help setup demo down test lint sanity unit integration bench soak build clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(VENV)/.done ## make the virtual environment

$(VENV)/.done: requirements.txt tests/requirements.txt
	@echo "==> Python packages into $(VENV) (about a minute)"
	@tests/setup $(VENV)
	@touch $@

demo: setup ## bring up the lab (3 hosts) and run the main job on it
	@tests/lab/lab up --name demo --hosts 3
	@python tests/demo.py

down: ## take the demo's lab down
	@tests/lab/lab down --name demo

lint: setup ## ruff, mypy, import-linter, yamllint and ansible-lint
	@echo "==> ruff"
	@ruff format --quiet --check .
	@ruff check --quiet .
	@echo "==> mypy"
	@mypy -p $(PLUGINS)
	@mypy scripts
	@echo "==> import-linter"
	@PYTHONPATH=$(VENV)/ac lint-imports --no-cache
	@echo "==> yamllint"
	@yamllint .
	@echo "==> ansible-lint, profile production"
	@ansible-lint --offline -q

sanity: setup ## ansible-test sanity
	@echo "==> ansible-test sanity"
	@tests/sanity/run

unit: setup ## unit tests
	@python -m pytest -q $(PARALLEL) tests/unit

integration: setup ## integration tests on labs of their own
	@python -m pytest -v $(PARALLEL) tests/integration

bench: setup ## module executions, wall time and CPU for 3, 20 and 50 hosts
	@python tests/bench/run.py --hosts 3 20 50

test: setup ## everything, quick parts first
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint sanity
	@echo "==> unit and integration tests, the benchmark among them"
	@python -m pytest -v --durations=15 $(PARALLEL) tests/unit tests/integration

# The files of which `make test` runs a sample.
SOAKED := $(addprefix tests/integration/test_,upgrade.py release_chain.py etcd_releases.py etcd_site.py former_installation.py molecule.py)

soak: setup ## every release, upgrade and scenario of which `make test` runs a sample, by hand (about an hour)
	@HARDWAY_SOAK=1 python -m pytest -v --durations=15 $(PARALLEL) $(SOAKED)

build: setup ## the collection as a tarball, hardway-calico-VERSION.tar.gz
	@ansible-galaxy collection build --force

clean: ## remove the virtual environment
	rm -rf $(VENV) .cache .ansible .mypy_cache .ruff_cache
