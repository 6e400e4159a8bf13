# Everything a developer runs. `make help` lists it; nothing needs an activated environment.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
CACHE := .cache
STAMPS := $(VENV)/.stamps
BENCH := $(VENV)/bench

# Which interpreter makes the environment. Asked for only when there is none yet.
PYTHON ?=
# Where `make demo` listens, and whether it ends after the transcript (ONCE=1).
PORT ?= 8000
TENANT_PORT ?= 8400
ONCE ?=
# What `make test` hands on to pytest, as in `make test PYTEST_ARGS='-k refund'`.
PYTEST_ARGS ?=
# Processes that run the tests side by side.
JOBS ?= 2
# Interpreters that `make package-all` installs the wheel for, as in PYTHONS='python3.12 /opt/python3.14/bin/python3'.
# Without it: each python3.X that the project admits and that runs.
PYTHONS ?=

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# --- what people run --------------------------------------------------------------------------------

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: $(STAMPS)/demo ## A local tenant, the example app and a client that logs in (PORT=, TENANT_PORT=, ONCE=1)
	@$(BIN)/python -m example_app.demo --port $(PORT) --tenant-port $(TENANT_PORT) $(if $(filter-out 0 no false,$(ONCE)),--once)

.PHONY: test
test: lint typing docs package pytest ## Everything that has to hold: style, types, documentation, package, tests and their coverage

.PHONY: pytest
pytest: $(STAMPS)/dev $(STAMPS)/tools ## Only the tests, with branch coverage
	@mkdir -p $(CACHE)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(JOBS) --dist loadgroup --junitxml=$(CACHE)/junit.xml $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@$(BIN)/python scripts/summary.py $(CACHE)/junit.xml

.PHONY: lint
lint: $(STAMPS)/dev ## Style and common mistakes (ruff; zizmor for the workflows)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@scripts/check-workflows

.PHONY: format
format: $(STAMPS)/dev ## Put the code into its format (ruff)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: typing
typing: $(STAMPS)/dev $(STAMPS)/tools ## Types (mypy, pyright)
	$(BIN)/mypy
	scripts/run-pyright

.PHONY: links
links: $(STAMPS)/dev ## Ask for every address that the documentation links to (needs the internet)
	$(BIN)/python scripts/check_links.py

.PHONY: pictures
pictures: $(STAMPS)/dev $(STAMPS)/tools ## Take the documentation's pictures anew (Chromium; Claude Code where it is installed)
	@scripts/quietly $(BIN)/python -m pip install --group pictures
	$(BIN)/python scripts/terminal_pictures.py
	$(BIN)/python scripts/screenshots.py
	$(BIN)/python scripts/claude_picture.py

.PHONY: build
build: $(STAMPS)/dev ## Wheel and sdist into dist/
	@rm -rf dist build *.egg-info # setuptools packs whatever an old one of these lists
	@scripts/quietly $(BIN)/python -m build --no-isolation --outdir dist .
	@scripts/quietly $(BIN)/twine check --strict dist/*
	@ls dist

.PHONY: package
package: build ## Build, then install the wheel into an empty environment and serve a call there
	$(BIN)/python scripts/check_sdist.py dist
	$(BIN)/python scripts/check_package.py dist

.PHONY: package-all
package-all: build ## The same with every interpreter that there is (PYTHONS=)
	$(BIN)/python scripts/check_package.py --every dist $(PYTHONS)

.PHONY: container
container: build ## Do what the documented container file says, without an engine, in an empty environment
	$(BIN)/python scripts/check_container.py dist

.PHONY: docs
docs: $(STAMPS)/docs ## The documentation as a site, into site/; a warning, as of a link to nowhere, is an error
	NO_MKDOCS_2_WARNING=1 scripts/quietly $(VENV)/docs/bin/mkdocs build --strict

.PHONY: audit
audit: $(STAMPS)/maintenance ## Ask for known holes in everything that the lock holds (pip-audit)
	scripts/audit

.PHONY: lock
lock: $(STAMPS)/maintenance ## Renew the lock from pyproject.toml (UPGRADE=1 for the newest versions of all)
	scripts/lock $(if $(filter-out 0 no false,$(UPGRADE)),--upgrade)

.PHONY: test-floors
test-floors: $(STAMPS)/tools $(STAMPS)/maintenance ## The tests with the lowest versions that pyproject.toml admits
	scripts/test-resolution lowest-direct .venv-floors $(PYTEST_ARGS)

.PHONY: test-newest
test-newest: $(STAMPS)/tools $(STAMPS)/maintenance ## The tests with the newest versions that there are, whatever the lock holds
	scripts/test-resolution highest .venv-newest $(PYTEST_ARGS)

.PHONY: test-workers
test-workers: $(STAMPS)/dev $(STAMPS)/tools ## The tests on a real gunicorn, once for every worker class
	@for class in sync gthread gevent; do \
	  echo "== $$class"; GUNICORN_WORKER_CLASS=$$class $(BIN)/pytest tests/wire tests/conformance $(PYTEST_ARGS) || exit 1; \
	done

.PHONY: test-faults
test-faults: $(STAMPS)/dev $(STAMPS)/tools ## What breaks, once for every worker class
	@for class in sync gthread gevent; do \
	  echo "== $$class"; FAULTS_RELOADS=3 GUNICORN_WORKER_CLASS=$$class $(BIN)/pytest tests/faults $(PYTEST_ARGS) || exit 1; \
	done

# Examples of each property, most of which are 25 cases; 4000 make more than a million cases.
FUZZ_EXAMPLES ?= 4000
.PHONY: fuzz
fuzz: $(STAMPS)/dev $(STAMPS)/tools ## Fuzz for long: more than a million cases (FUZZ_EXAMPLES=)
	rm -rf $(CACHE)/fuzz
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest tests/fuzz -n $(JOBS) -p no:logging -q --timeout=0 $(PYTEST_ARGS)
	@$(BIN)/python -m tests.fuzz.report

# Seconds of mixed load, and calls of the two users who must never meet, at each worker class.
SOAK_SECONDS ?= 3600
SOAK_CALLS ?= 1000000
.PHONY: soak
soak: $(STAMPS)/dev $(STAMPS)/tools ## Load for long: leaks, and two users who must never meet (SOAK_SECONDS=, SOAK_CALLS=)
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/pytest tests/soak -s -q --timeout=0 $(PYTEST_ARGS)
	@for class in gthread sync gevent; do \
	  GUNICORN_WORKER_CLASS=$$class SOAK_WORKERS=4 SOAK_CALLS=$(SOAK_CALLS) \
	  $(BIN)/pytest tests/wire/test_concurrency.py -s -q --timeout=0 $(PYTEST_ARGS) || exit 1; \
	done

# Parts of it, as in BENCH_ARGS='--only http --rounds 9'; another interpreter to compare with, as in BENCH_PYTHON=python3.14.
BENCH_ARGS ?=
BENCH_PYTHON ?=
.PHONY: bench
bench: $(STAMPS)/bench ## Measure everything beside its peers and write docs/performance.md (BENCH_ARGS=, BENCH_PYTHON=)
	$(BENCH)/ours/bin/python -m benchmarks $(BENCH_ARGS)

.PHONY: clean
clean: ## Remove what the other targets made, but for the environment
	rm -rf build dist site htmlcov $(CACHE) .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the environment as well
	rm -rf $(VENV) .venv-floors .venv-newest *.egg-info

# --- environments -----------------------------------------------------------------------------------

$(BIN)/python:
	@scripts/make-venv $(VENV) '$(PYTHON)'

# Versions and hashes come from requirements/ (`make lock`); pip takes nothing that is not written there. The project
# itself comes last, with a build backend from there, too.
INSTALL := scripts/quietly $(BIN)/python -m pip
EDITABLE := $(INSTALL) install --no-deps --no-build-isolation -e .

# What the demo needs is less than what the tests need, and a newcomer's first minute is short.
$(STAMPS)/demo: pyproject.toml requirements/demo.txt | $(BIN)/python
	@test -e $(STAMPS)/dev || { \
	  echo "Installing what the demo needs into $(VENV) …"; \
	  $(INSTALL) install --require-hashes -r requirements/demo.txt && $(EDITABLE); }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml requirements/dev.txt | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) …"
	@$(INSTALL) install --require-hashes -r requirements/dev.txt
	@$(EDITABLE)
	@mkdir -p $(STAMPS) && touch $@

# Environments of their own, so that their needs never weigh on the project's.
$(STAMPS)/docs $(STAMPS)/maintenance: $(STAMPS)/%: requirements/%.txt | $(BIN)/python
	@$(BIN)/python -m venv --clear --without-pip $(VENV)/$*
	@$(INSTALL) --python $(VENV)/$* install --require-hashes -r requirements/$*.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/bench: pyproject.toml requirements/bench.txt scripts/install-bench $(wildcard benchmarks/peers/*.txt) | $(BIN)/python
	@scripts/install-bench $(BIN)/python $(BENCH) '$(BENCH_PYTHON)'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/tools: scripts/install-test-tools requirements/node.txt | $(STAMPS)/dev
	@scripts/install-test-tools $(VENV)
	@touch $@
