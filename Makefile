# Everything runs on this machine and listens on 127.0.0.1 only. Ports: EMULATOR_PORT, STORAGE_PORT, AIRFLOW_PORT.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo notebook emulator up down check test lint spelling types coverage chromium \
  check-cloud test-pure test-airflow test-nights test-more-nights test-processes test-browser test-compose test-emulator \
  test-clients test-notebook test-pictures test-airflow-3.3.1 bench bench-night bench-page bench-search golden emulation screenshots lock licences dist

# uv makes the environments, and fetches the Python that .python-version names where the machine has none.
UV := .local/uv/bin/uv
VENV := .venv/bin
QUERY ?= pictures of white or cream colored dress from victorian era

# As typed: in the environment no quote can end the recipe's, and by `value` a $ is a $.
override QUERY := $(value QUERY)
override IMAGES := $(value IMAGES)
# Not from the environment: there, WSL's NAME is the machine's.
override NAME := $(if $(findstring command,$(origin NAME)),$(value NAME))
export QUERY IMAGES NAME

# The environment that makes Airflow talk to the embedded BigQuery, for the recipes that need it.
export PROJECT_ROOT := $(CURDIR)
# Folders that `make demo IMAGES=...` made collections of (demo/folders.py).
ADDED := $(wildcard .local/collections.yaml)
LOCAL := set -a; . config/local.env; : "$${VITRINE_COLLECTIONS=$(ADDED:%=$$PROJECT_ROOT/%)}"; set +a;

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed emulator/.venv/.installed ## Install the environments for Airflow and the emulator (other commands do so when needed)

# Ctrl-C reaches the shell and make as well as what they run, which says what there is to say.
QUIETLY := trap 'exit 0' INT;
INSTALL := -m scripts.install

# Some `python3` are only a name: pyenv's, for a version that is not installed. Debian's may lack venv.
$(UV): requirements-uv.txt
	@$(QUIETLY) for python in python3 python3.13 /usr/bin/python3 none; do \
	    "$$python" -c "import ensurepip, sys; sys.exit(sys.version_info < (3, 8))" 2>/dev/null && break; done; \
	  test "$$python" != none || { echo "Python is missing: install any from 3.8 on, with venv" \
	    "(Debian: sudo apt-get install python3-venv; macOS: xcode-select --install)"; exit 1; }; \
	  "$$python" $(INSTALL) .local/uv $<
	@touch $@

# An environment for each set of pins that excludes the others; scripts/install.py says what they are for.
ENVIRONMENTS := .venv emulator/.venv emulator/smoke/.venv notebooks/.venv tests/compose/.venv
.venv/.installed: requirements.txt requirements-dev.txt
emulator/.venv/.installed: emulator/requirements.txt emulator/requirements-dev.txt
emulator/smoke/.venv/.installed: emulator/smoke/requirements.txt
notebooks/.venv/.installed: notebooks/requirements.txt
tests/compose/.venv/.installed: tests/compose/requirements.txt
$(ENVIRONMENTS:%=%/.installed): | $(UV)
	@$(QUIETLY) .local/uv/bin/python $(INSTALL) $(@D) $^
	@touch $@

# Comes first in `make test`: nobody should learn only at the end that the browser is missing.
CHROMIUM := command -v chromium google-chrome >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
  { echo "The browser tests need Chromium: sudo apt-get install chromium (macOS: brew install --cask chromium)"; exit 1; }
chromium:
	@$(CHROMIUM)

# Root can run docker-compose.yaml without Docker (tests/compose), on Debian's servers.
SERVERS := (ls /usr/lib/postgresql/*/bin/postgres && for tool in redis-server ip unshare nsenter setpriv curl; do \
  command -v $$tool || exit 1; done) &>/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
  apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql redis-server iproute2 util-linux curl \
  >/dev/null; } || echo "NOT TESTED: the Compose stacks. As root: apt-get install postgresql redis-server iproute2 curl"

demo: setup $(ADDED) ## Embed and search the demo images, or IMAGES=folder; QUERY="a red car" asks for something else
	@$(QUIETLY) $(LOCAL) $(VENV)/python -m demo search "$$QUERY" "$$IMAGES" "$$NAME"

.local/collections.yaml: include/collections.yaml $(wildcard .local/folders.json) | setup
	@$(LOCAL) $(VENV)/python -m demo.folders

notebook: setup notebooks/.venv/.installed ## Open the notebook in JupyterLab on what `make demo` embedded; COLLECTION=name for another
	@$(LOCAL) exec $(VENV)/python -m scripts.notebook $(COLLECTION)

check-cloud: setup ## Show what is missing on Google Cloud, and the lines that mend it; COLLECTION=name for one
	@PYTHONPATH=plugins:config $(VENV)/python -m scripts.check_cloud $(COLLECTION)

emulator: setup ## Run the embedded BigQuery and its object storage in the foreground
	@$(LOCAL) PYTHONPATH=emulator exec emulator/.venv/bin/python -m bqml_emulator

up: setup $(ADDED) ## Start Airflow on http://127.0.0.1:8080, with emulator and storage, in the background
	@$(QUIETLY) $(LOCAL) $(VENV)/python -m demo up

down: ## Stop what `make up` started
	@$(LOCAL) exec $(VENV)/python -m scripts.stack

# These need no running service.
CHECKS := lint spelling types test-pure
# The longest first, so that no core idles at the end.
PARTS := test-processes test-emulator test-nights test-more-nights test-airflow test-browser test-compose test-notebook \
  test-clients test-pictures
# macOS brings a make that cannot keep their lines apart.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

check: setup ## Run the fast checks: style, spelling, types, and every test that needs no emulator
	@$(SIDE_BY_SIDE) --jobs=2 $(CHECKS)

# Three at a time, because each alone leaves a core idle half the time and four wait for each other; each prints its output when it is done.
test: chromium $(ENVIRONMENTS:%=%/.installed) ## Run every check and test, then show how long each part and the slowest tests took
	@rm -rf .local/timings
	@$(SIDE_BY_SIDE) --jobs=3 $(PARTS) $(CHECKS); code=$$?; $(VENV)/python tests/support/timing.py report; exit $$code

TIMED = $(CURDIR)/$(VENV)/python $(CURDIR)/tests/support/timing.py run $@
PYTEST = -m pytest -q --junitxml=$(CURDIR)/.local/timings/$@.xml
APART := tests/integration tests/browser tests/compose tests/faults tests/notebook

lint: setup ## Check style and common mistakes
	@$(TIMED) $(SHELL) -c "$(VENV)/ruff check . && $(VENV)/ruff format --check ."

spelling: setup ## Check the spelling of code and prose
	@$(TIMED) $(VENV)/codespell

types: setup ## Check the types of plugins/, dags/, scripts/ and demo/
	@$(TIMED) $(VENV)/mypy

test-pure: setup ## Run the tests that need no emulator
	@$(TIMED) $(VENV)/python $(PYTEST) -m "not services" $(APART:%=--ignore=%)

test-airflow: setup ## Run the other tests of the Airflow side, on the emulator
	@$(TIMED) $(VENV)/python $(PYTEST) -m services $(APART:%=--ignore=%)

# Two halves, by the first letter of a file: as one part they would run on alone when all others are done.
test-nights: setup ## Test whole DAG runs in which things go wrong: tests/faults/test_[a-r]*
	@$(TIMED) $(VENV)/python $(PYTEST) tests/faults/test_[a-r]*.py

test-more-nights: setup ## Test the others of them: tests/faults/test_[s-z]*
	@$(TIMED) $(VENV)/python $(PYTEST) tests/faults/test_[s-z]*.py

# These wait for Airflow's processes and a browser more than they compute.
test-processes: setup ## Test Airflow's real processes
	@$(TIMED) $(VENV)/python $(PYTEST) tests/integration

test-browser: setup ## Test the pages in a browser, on Airflow's real processes
	@$(CHROMIUM)
	@$(TIMED) $(VENV)/python $(PYTEST) tests/browser

test-compose: setup tests/compose/.venv/.installed ## Run docker-compose.yaml's profiles without Docker, and kill a worker
	@$(SERVERS)
	@$(TIMED) $(VENV)/python $(PYTEST) tests/compose

test-notebook: setup notebooks/.venv/.installed ## Run the notebook from top to bottom
	@$(TIMED) $(VENV)/python $(PYTEST) tests/notebook

test-pictures: setup notebooks/.venv/.installed ## Test the notebook's own functions
	@cd notebooks && $(TIMED) .venv/bin/python $(PYTEST)

test-emulator: setup ## Run the emulator's own tests
	@cd emulator && $(TIMED) .venv/bin/python $(PYTEST)

test-clients: setup emulator/smoke/.venv/.installed ## Try third-party clients on the emulator
	@cd emulator/smoke && $(TIMED) .venv/bin/python $(PYTEST)

# The newest Airflow on Google's Composer, on an older Python as managed Airflows have; not in `make test`: it takes minutes.
OTHER := .local/airflow-3.3.1
OLDER_PYTHON ?= 3.12
test-airflow-3.3.1: setup ## Install the wheel into Airflow 3.3.1, and run its DAGs and pages there
	@test -x $(OTHER)/bin/python || $(UV) venv --quiet --python $(OLDER_PYTHON) $(OTHER)
	@$(UV) pip install --quiet --python $(OTHER)/bin/python --exclude-newer 2026-10-01T12:00:00Z \
	  apache-airflow==3.3.1 -r requirements-managed.txt
	@AIRFLOW_PYTHON=$(OTHER)/bin/python $(VENV)/python -m pytest -q tests/integration/test_installed.py

coverage: setup ## Show which lines the tests without an emulator leave out
	$(VENV)/python -m pytest -q -m "not services" $(APART:%=--ignore=%) --cov --cov-report=term

bench: setup ## Measure a back-fill of IMAGES=600000 images, wave after wave (benchmarks/README.md)
	PYTHONPATH=plugins:config:. $(VENV)/python -m benchmarks.backfill --images $(or $(IMAGES),600000)

bench-night: setup ## Measure what a night costs and how well it uses the quota
	PYTHONPATH=plugins:config:. $(VENV)/python -m benchmarks.night

bench-page: setup ## Measure what the search page adds to its SQL, on a running `make up`
	@$(LOCAL) exec $(VENV)/python -m benchmarks.search_page

bench-search: setup ## Measure what a search and an image cost besides DuckDB, faiss and the model
	PYTHONPATH=emulator:emulator/tests:. emulator/.venv/bin/python -m benchmarks.search

golden: setup ## Rewrite the golden SQL files, docs/settings.md and the costs in docs/production.md from the code as it is now
	$(VENV)/python -m pytest -q tests/sql/test_rendered.py tests/meta/test_settings_page.py tests/meta/test_production_page.py --golden

emulation: setup ## Rewrite docs/emulation.md from the emulator's tests
	cd emulator && .venv/bin/python tests/fidelity.py ../docs/emulation.md

screenshots: setup ## Retake the pictures in docs/images, on a running `make up`
	@$(LOCAL) exec $(VENV)/python -m scripts.screenshots

PYTHON = $(shell cat .python-version)
PINNED := requirements requirements-dev emulator/requirements emulator/requirements-dev emulator/smoke/requirements \
  notebooks/requirements tests/compose/requirements
lock: .local/constraints.txt | $(UV) ## Pin what every requirements*.in asks for, with hashes; existing pins that still fit stay
	for name in $(PINNED); do \
	  constraints=; test $$name != requirements || constraints="--constraint $<"; \
	  $(UV) pip compile --quiet --generate-hashes --python-version $(PYTHON) --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" $$constraints $$name.in -o $$name.txt || exit 1; done

# Airflow's own, for the version in requirements.in. Where GitHub cannot be reached, put the file there yourself.
AIRFLOW = $(shell sed -n 's/^apache-airflow[^a-z-]*.*==//p' requirements.in)
.local/constraints.txt: requirements.in
	@mkdir -p $(@D)
	curl --fail --silent --show-error --location --output $@ \
	  https://raw.githubusercontent.com/apache/airflow/constraints-$(AIRFLOW)/constraints-$(PYTHON).txt

licences: $(ENVIRONMENTS:%=%/.installed) ## Rewrite docs/licences.md from the environments, after `make lock`
	$(VENV)/python -m scripts.licences

# What a release holds; TAG=v2.0.0 also checks that tag, version and changelog agree, and writes its notes.
dist: setup ## Build wheel, source distribution, DAG files and SBOM into dist/
	@rm -rf dist && mkdir -p dist
	$(if $(TAG),PYTHONPATH=plugins $(VENV)/python -m scripts.release $(TAG) > .local/release-notes.md)
	$(VENV)/python -c "from hatchling import build; build.build_wheel('dist'); build.build_sdist('dist')"
	git archive --format zip --output dist/dags.zip HEAD dags include/collections.yaml
	$(VENV)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-reproducible \
	  --output-format JSON --output-file dist/sbom.cdx.json
