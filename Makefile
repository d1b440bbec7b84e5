# `make` alone says what there is. Every target does its own set-up and is cheap to run again.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_SECONDS ?= 20
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench dashboards schemas clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.all ## Run everything on this machine with a demonstration camera, until Ctrl-C
	@if [ -t 1 ]; then $(BIN)/penumbra up; else $(BIN)/penumbra up --seconds $(DEMO_SECONDS); fi

test: $(VENV)/.dev ## Run all tests against real servers (installs the servers where they are missing)
	@scripts/install-test-packages
	@PENUMBRA_REQUIRE_SERVERS=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.dev ## Check format, lint, types and who imports whom
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --config .importlinter > $(VENV)/imports.log 2>&1 || { cat $(VENV)/imports.log; exit 1; }

format: $(VENV)/.dev ## Format the code and mend what can be mended
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: $(VENV)/.dev ## Measure ratios side by side and write docs/benchmarks.md
	@scripts/install-test-packages
	@$(BIN)/python -m benchmarks

dashboards: $(VENV)/.dev ## Write the Grafana dashboards' JSON from their code
	@$(BIN)/python -m monitoring.grafana

schemas: $(VENV)/.all ## Write the JSON schemas of what is published from its types
	@for name in answers status home; do $(BIN)/penumbra schema $$name > docs/schemas/$$name.json || exit 1; done

clean: ## Remove what the other targets made
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# One environment; its stamps say which extras it holds. `.dev` holds everything `.all` does.
$(VENV)/.all: pyproject.toml scripts/install-python-packages
	@scripts/install-python-packages $(PYTHON) $(VENV) all
	@touch $@

$(VENV)/.dev: pyproject.toml scripts/install-python-packages
	@scripts/install-python-packages $(PYTHON) $(VENV) dev,lab
	@touch $@ $(VENV)/.all
