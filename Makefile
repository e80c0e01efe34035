# Two commands do all the set-up: make reproduce, make test.

# Settings reach commands by the environment, unchanged: neither make nor a shell executes anything in them. This comes before
# the first $(shell), since newer versions of make expand what is exported for it.
EXPERIMENT ?= digits
CORES ?= all
MIRROR ?=
OFFLINE ?=
REMOTE ?=
FOLDER ?=
QUANTITIES ?=
ROUNDS ?=
PROFILE ?=
SETTINGS := EXPERIMENT CORES MIRROR OFFLINE REMOTE FOLDER QUANTITIES ROUNDS PROFILE
$(foreach name,$(SETTINGS),$(eval override $(name) := $$(value $(name))))
export $(SETTINGS)

# The first Python that is 3.11 or newer and has venv.
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv/bin/python

.PHONY: reproduce test tests long-test quick quick-tests lint page-test peers-test cluster-test share-test remote-test chaos share remotes
.PHONY: docs coverage bench fetch lock clean-environment help
.DEFAULT_GOAL := reproduce

reproduce: .venv/.installed  ## run an experiment, print its summary and page: EXPERIMENT= CORES= PROFILE= MIRROR= OFFLINE=1
	@exec $(VENV) -m snn reproduce --experiment="$$EXPERIMENT" --cores="$$CORES" --profile="$$PROFILE" --mirror="$$MIRROR" \
	  --offline="$$OFFLINE"

test: .venv/.installed  ## style, types, contracts of imports, all tests but the long ones
	@$(MAKE) --no-print-directory --jobs=2 lint tests

tests: .venv/.installed  ## the tests of make test alone
	@$(VENV) -m pytest

long-test: .venv/.installed  ## the tests that make test leaves out: how-to pages, adoption, more of release, planning and intervals
	@$(VENV) -m pytest -m long

quick: .venv/.installed  ## the same without workflows and slow tests, types beside tests: in a minute
	@$(MAKE) --no-print-directory --jobs=2 lint quick-tests

quick-tests: .venv/.installed  ## the tests that start no workflow and are not slow
	@$(VENV) -m pytest -m 'not workflow and not slow'

lint: .venv/.installed  ## style, types, contracts of imports
	@$(VENV) -m ruff check
	@$(VENV) -m ruff format --check
	@$(VENV) -m snakefmt --check --compact-diff Snakefile workflow
	@.venv/bin/lint-imports --no-logo --no-cache
	@$(VENV) -m mypy

page-test: .venv/.installed .venv-page/.installed  ## pages in headless Chromium: network, keyboard, phone, print, axe-core
	@.venv-page/bin/python -m pytest -n 0 tests/page/browser

remote-test: .venv/.installed .venv-remote/.installed  ## release and fetch by ssh and S3, tags, killed pushes and pulls; needs sshd
	@.venv-remote/bin/python -m pytest -n 0 tests/remotes

remotes: .venv/.installed .venv-remote/.installed  ## what DVC needs for ssh and S3, in .venv-remote, which make fetch then uses

docs: .venv/.installed .venv-docs/.installed  ## the documentation as a site, offline: docs/_build/html/index.html
	@$(VENV) -m docs.generate
	@.venv-docs/bin/python -m sphinx --quiet --fresh-env --nitpicky --fail-on-warning --keep-going docs docs/_build/html
	@echo 'open docs/_build/html/index.html; addresses outside of it, not fetched: docs/_build/html/addresses.txt'

coverage: .venv/.installed .venv-coverage/.installed  ## lines and branches that the quick tests run: coverage.md
	@.venv-coverage/bin/python -m pytest -m 'not workflow and not slow' --cov=snn --cov-branch --cov-report=term --cov-report=markdown

share: .venv/.installed .venv-share/.installed  ## exports of an experiment, Parquet included: EXPERIMENT= FOLDER=
	@.venv-share/bin/python -m snn share "$$EXPERIMENT" "$$FOLDER"

share-test: .venv/.installed .venv-share/.installed  ## exports, read by the validators of their formats: minutes
	@.venv-share/bin/python -m pytest -n 0 tests/exports/validators

cluster-test: .venv/.installed  ## faults of a real Slurm of one node, installed by apt as root: a table, in an hour
	@$(VENV) -m tests.cluster

PEERS := .venv-peers/bin/python

bench: .venv/.installed .venv-peers/.installed  ## speed and memory beside peers, counts against NeuroBench: QUANTITIES= ROUNDS=
	@$(PEERS) -m benchmarks.neurobench_fixture --check
	@$(PEERS) -m benchmarks --only "$$QUANTITIES" --rounds "$$ROUNDS"

chaos: .venv/.installed  ## faults on this machine: kills, damaged files, full disks; with ROUNDS= kills, 10 by default
	@$(VENV) -m tests.chaos --rounds "$$ROUNDS"

peers-test: .venv/.installed .venv-peers/.installed  ## audits of networks of snnTorch, norse, SpikingJelly and sinabs, counted by hand
	@$(PEERS) -m pytest -n 0 tests/audit/peers

fetch: .venv/.installed  ## released checkpoints and tables instead of computing them: EXPERIMENT= REMOTE=
	@$(firstword $(wildcard .venv-remote/bin/python) $(VENV)) -m snn fetch --experiment "$$EXPERIMENT" --remote "$$REMOTE"

COMPILE := $(VENV) -m uv pip compile --no-config --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --no-header --quiet --python-version 3.11

lock: .venv/.installed  ## resolve pyproject.toml again
	@$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	@for group in page docs coverage share; do $(COMPILE) --group pyproject.toml:$$group -o requirements-$$group.lock; done
	@$(COMPILE) --constraints requirements.lock --excludes requirements.lock --group pyproject.toml:remote \
	  -o requirements-remote.lock

clean-environment:  ## remove .venv
	@rm -rf .venv

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r target text; do \
	  printf '  make %-18s %s\n' "$$target" "$$text"; done

# What a target needs beside .venv, at fixed versions, in an environment of its own that uses .venv: peers of the benchmark (loguru,
# nirtorch and pbr are what they lack there), a driver of browsers, Sphinx, coverage, Parquet and validators of exports, and remotes by ssh
# and S3, whose lock holds only what
# is not in .venv.
.venv-%/.installed: .venv/.installed requirements-%.lock
	@$(VENV) -m venv --clear .venv-$*
	@$(VENV) -c 'import site; print(site.getsitepackages()[0])' > \
	  "$$(.venv-$*/bin/python -c 'import site; print(site.getsitepackages()[0])')/borrowed.pth"
	@.venv-$*/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-$*.lock
	@touch $@

# Compiles byte-code once: importing torch without it takes twice as long.
.venv/.installed: requirements.lock requirements-uv.lock
	@test -n '$(PYTHON)' || { echo 'error: python: none of python3.13, 3.12, 3.11 or python3 is 3.11 or newer and has venv;' \
	  'install one, for example with: apt install python3.11 python3.11-venv' >&2; exit 2; }
	@test ! -L .venv || { echo 'error: .venv: is a link, and its packages are not those of requirements.lock;' \
	  'touch .venv/.installed to use them all the same, or remove the link' >&2; exit 2; }
	@echo 'setting up .venv with $(PYTHON) (about 5 GB, once)'
	@$(PYTHON) -m venv --clear .venv
	@$(VENV) -m pip install --quiet --require-hashes -r requirements-uv.lock
	@$(VENV) -m uv pip sync --quiet --compile-bytecode --require-hashes --python $(VENV) requirements.lock requirements-uv.lock
	@$(VENV) -c 'from snn.model import native; list(map(native.library, native.REALS))'
	@touch $@
