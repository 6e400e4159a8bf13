# Everything a developer runs. `make help` lists it; nothing needs an activated environment.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
CACHE := .cache
STAMPS := $(VENV)/.stamps

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
lint: $(STAMPS)/dev ## Style and common mistakes (ruff)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

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
	@rm -rf dist build
	@scripts/quietly $(BIN)/python -m build --outdir dist .
	@ls dist

.PHONY: package
package: build ## Build, then install the wheel into an empty environment and import it
	$(BIN)/python scripts/check_package.py dist

.PHONY: docs
docs: $(STAMPS)/docs ## The documentation as a site, into site/; a warning, as of a link to nowhere, is an error
	NO_MKDOCS_2_WARNING=1 scripts/quietly $(VENV)/docs/bin/mkdocs build --strict

.PHONY: test-floors
test-floors: $(STAMPS)/tools ## The tests with the lowest versions that pyproject.toml admits
	scripts/test-floors $(PYTEST_ARGS)

.PHONY: test-workers
test-workers: $(STAMPS)/dev $(STAMPS)/tools ## The tests on a real gunicorn, once for every worker class
	@for class in sync gthread gevent; do \
	  echo "== $$class"; GUNICORN_WORKER_CLASS=$$class $(BIN)/pytest tests/wire tests/conformance $(PYTEST_ARGS) || exit 1; \
	done

# Examples of each property, most of which are 25 cases; 4000 make more than a million cases.
FUZZ_EXAMPLES ?= 4000
.PHONY: fuzz
fuzz: $(STAMPS)/dev $(STAMPS)/tools ## Fuzz for long: more than a million cases (FUZZ_EXAMPLES=)
	rm -rf $(CACHE)/fuzz
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest tests/fuzz -n $(JOBS) -p no:logging -q --timeout=0 $(PYTEST_ARGS)
	@$(BIN)/python -m tests.fuzz.report

# Seconds of mixed load, and calls of the two users who must never meet.
SOAK_SECONDS ?= 3600
SOAK_CALLS ?= 1000000
.PHONY: soak
soak: $(STAMPS)/dev $(STAMPS)/tools ## Load for long: leaks, and two users who must never meet (SOAK_SECONDS=, SOAK_CALLS=)
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/pytest tests/soak -s -q --timeout=0 $(PYTEST_ARGS)
	SOAK_CALLS=$(SOAK_CALLS) $(BIN)/pytest tests/wire/test_concurrency.py -s -q --timeout=0 $(PYTEST_ARGS)

.PHONY: clean
clean: ## Remove what the other targets made, but for the environment
	rm -rf build dist site htmlcov $(CACHE) .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the environment as well
	rm -rf $(VENV) .venv-floors *.egg-info

# --- environments -----------------------------------------------------------------------------------

$(BIN)/python:
	@scripts/make-venv $(VENV) $(PYTHON)

# What the demo needs is less than what the tests need, and a newcomer's first minute is short.
$(STAMPS)/demo: pyproject.toml | $(BIN)/python
	@test -e $(STAMPS)/dev || { \
	  echo "Installing what the demo needs into $(VENV) …"; \
	  scripts/quietly $(BIN)/python -m pip install -e '.[gunicorn,dotenv]'; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) …"
	@scripts/quietly $(BIN)/python -m pip install -e '.[gunicorn,dotenv,redis,async]' --group dev
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/docs: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m venv $(VENV)/docs
	@scripts/quietly $(VENV)/docs/bin/python -m pip install --upgrade 'pip>=25.1'
	@scripts/quietly $(VENV)/docs/bin/python -m pip install --group docs
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/tools: scripts/install-test-tools pyproject.toml | $(STAMPS)/dev
	@scripts/install-test-tools $(VENV)
	@touch $@
