# Everything runs on this machine and listens on 127.0.0.1 only. Ports: EMULATOR_PORT, STORAGE_PORT, AIRFLOW_PORT.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo notebook emulator up down test test-emulator test-airflow test-nights test-processes test-clients lint bench bench-page golden emulation screenshots pins

PYTHON ?= $(shell command -v python3.13 || command -v python3)
UV_VERSION := $(shell sed -n 's/^uv==//p' requirements-dev.txt)
VENV := .venv/bin
QUERY ?= pictures of white or cream colored dress from victorian era

# Where Python may not write bytecode, each process would compile all that it imports again: 4 s for Airflow.
INSTALL := $(VENV)/uv pip install --quiet $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode) --python

# In the environment, so that no quote in it can end the recipe's.
export QUERY

# The environment that makes Airflow talk to the embedded BigQuery, for the recipes that need it.
export PROJECT_ROOT := $(CURDIR)
LOCAL := set -a; . config/local.env; set +a;

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed emulator/.venv/.installed ## Install both virtual environments (done by the others when needed)

# `make setup` again does nothing until a requirements file changes.
$(VENV)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13) and "Python 3.13 is needed, this is %s: make PYTHON=/path/to/python3.13" % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet uv==$(UV_VERSION)

.venv/.installed: requirements.txt requirements-dev.txt | $(VENV)/uv
	$(INSTALL) $(VENV)/python -r requirements.txt -r requirements-dev.txt
	@touch $@

emulator/.venv/.installed: emulator/requirements.txt emulator/requirements-dev.txt | $(VENV)/uv
	@test -x emulator/.venv/bin/python || $(VENV)/python -m venv --without-pip emulator/.venv
	$(INSTALL) emulator/.venv/bin/python -r emulator/requirements.txt -r emulator/requirements-dev.txt
	@touch $@

emulator/smoke/.venv/.installed: emulator/smoke/requirements.txt | $(VENV)/uv
	@test -x emulator/smoke/.venv/bin/python || $(VENV)/python -m venv --without-pip emulator/smoke/.venv
	$(INSTALL) emulator/smoke/.venv/bin/python -r $<
	@touch $@

demo: setup ## Set up, embed and search the demo images; QUERY="a red car" asks for something else
	@$(LOCAL) exec $(VENV)/python -m demo.run "$$QUERY"

notebook: setup ## Open the notebook in JupyterLab, on what `make demo` has embedded
	@$(LOCAL) exec $(VENV)/python -m scripts.notebook

emulator: setup ## Run the embedded BigQuery and its object storage in the foreground
	@$(LOCAL) PYTHONPATH=emulator exec emulator/.venv/bin/python -m bqml_emulator

up: setup ## Start Airflow's UI on http://127.0.0.1:8080 with emulator and storage in the background
	@$(LOCAL) $(VENV)/python -m scripts.stack up && $(VENV)/python -m demo.upload

down: ## Stop what `make up` started
	@$(LOCAL) exec $(VENV)/python -m scripts.stack down

# Side by side, because each alone leaves a core idle half the time; each prints its output when it is done.
PARTS := test-nights test-processes test-emulator test-airflow test-clients
test: setup lint ## Run every check: lint, the emulator's tests, Airflow's tests, other people's clients
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target $(PARTS)

test-emulator: setup ## Run the emulator's own tests
	cd emulator && .venv/bin/python -m pytest -q

# These wait for Airflow's processes and a browser more than they compute.
PROCESSES := tests/integration tests/browser
test-processes: setup ## Run the tests on Airflow's real processes, and those in the browser
	$(VENV)/python -m pytest -q $(PROCESSES)

test-nights: setup ## Run whole DAG runs in which things go wrong
	$(VENV)/python -m pytest -q tests/faults

test-airflow: setup ## Run the tests of everything else
	$(VENV)/python -m pytest -q $(patsubst %,--ignore=%,$(PROCESSES) tests/faults)

test-clients: setup emulator/smoke/.venv/.installed ## Try clients that nobody here wrote on the emulator
	cd emulator/smoke && .venv/bin/python -m pytest -q

lint: setup ## Check style and common mistakes
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

IMAGES ?= 600000
bench: setup ## Measure a back-fill of IMAGES=600000 images; see benchmarks/README.md
	PYTHONPATH=plugins:config:. $(VENV)/python -m benchmarks.backfill --images $(IMAGES)

bench-page: setup ## Compare the search page with its bare SQL, from a running `make up` with embedded images
	@$(LOCAL) exec $(VENV)/python -m benchmarks.search_page

golden: setup ## Rewrite the golden SQL files from what the DAGs render today
	$(VENV)/python -m pytest -q tests/sql --golden

emulation: setup ## Rewrite docs/emulation.md from the emulator's tests
	cd emulator && .venv/bin/python tests/fidelity.py ../docs/emulation.md

screenshots: setup ## Take the pictures of the pages anew, from a running `make up` with embedded images
	@$(LOCAL) exec $(VENV)/python -m scripts.screenshots

PINNED := requirements requirements-dev emulator/requirements emulator/requirements-dev emulator/smoke/requirements
pins: | $(VENV)/uv ## Resolve every requirements*.in again into its pinned file
	for name in $(PINNED); do $(VENV)/uv pip compile --quiet --python $(VENV)/python --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make pins" $$name.in -o $$name.txt || exit 1; done
