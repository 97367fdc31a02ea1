# SES Warden's commands; `make` alone lists them. All that they need is made first, from the lock files (scripts/setup).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON := .venv/bin/python
PYTEST := .venv/bin/pytest
# On all processors; fails below the share of lines and branches that pyproject.toml asks for.
COVERED := -n auto --maxprocesses 8 --cov=ses_warden --cov-report=term
# Each process with an emulator of its own; they wait more than they work. A given endpoint is not shared by several.
APART := $(if $(SES_WARDEN_TEST_ENDPOINT),,-n auto --maxprocesses 8 --dist loadfile)

# The four environments. Each is made again when its lock file is newer.
MAIN := .venv/.ready
SAM := environments/sam/.venv/.ready
EMULATOR := environments/emulator/.venv/.ready
CHECKOV := environments/checkov/.venv/.ready
# For `make bench` alone.
ANYMAIL := environments/anymail/.venv/.ready

.tools/.ready: .python-version scripts/setup
	@scripts/setup tools

$(MAIN): pyproject.toml uv.lock | .tools/.ready
	@scripts/setup main

environments/%/.venv/.ready: environments/%/pyproject.toml environments/%/uv.lock | .tools/.ready
	@scripts/setup $*

.PHONY: help
help: ## List these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: setup build deploy demo
setup: ## Make all environments; needs Python 3.9 or newer and a package index
	@scripts/setup

build: $(MAIN) $(SAM) ## Build the stack for this machine into .aws-sam/build
	@$(PYTHON) scripts/build.py

deploy: $(MAIN) $(SAM) ## Build and deploy to AWS; asks for region and parameters the first time (ARCHITECTURE=x86_64)
	@scripts/deploy

demo: $(MAIN) $(SAM) $(EMULATOR) ## Deploy to an emulator here, send a campaign through it and show what became of it
	@$(PYTHON) -m demo

.PHONY: test unit integration template e2e local
test: $(MAIN) $(SAM) $(EMULATOR) ## Run the unit, integration, template and end-to-end tests
	@failed=0; \
	$(PYTEST) $(COVERED) tests/unit tests/template || failed=1; \
	$(PYTEST) $(APART) tests/integration || failed=1; \
	$(PYTEST) tests/e2e || failed=1; \
	exit $$failed

unit: $(MAIN) ## Run the unit tests, and what they cover: no network, no emulator
	@$(PYTEST) $(COVERED) tests/unit

integration: $(MAIN) $(EMULATOR) ## Run the integration tests (SES_WARDEN_TEST_ENDPOINT: a URL, or aws)
	@$(PYTEST) $(APART) tests/integration

template: $(MAIN) ## Run the template's tests
	@$(PYTEST) tests/template

e2e: $(MAIN) $(SAM) $(EMULATOR) ## Run the end-to-end tests on the stack, deployed to an emulator
	@$(PYTEST) tests/e2e

local: $(MAIN) $(SAM) $(EMULATOR) ## Run the built functions in Lambda's runtime container (needs Docker)
	@tests/local/run

.PHONY: fuzz bench bench-gate bench-guard
fuzz: $(MAIN) ## Run the unit tests with 5,000 new examples for each property (about ten minutes)
	@$(PYTHON) -m pytest -p tests.support.fuzz --hypothesis-profile=fuzz --timeout=0 tests/unit

bench: build $(ANYMAIL) $(EMULATOR) ## Measure speed, API calls and cost; fails when a bar is missed
	@$(PYTHON) -m benchmarks

bench-gate: $(MAIN) $(EMULATOR) ## Measure asking for 100,000 recipients beside bare calls; fails when a bar is missed (ARGS=1000000: a million)
	@$(PYTHON) -m benchmarks.gate $(ARGS)

bench-guard: $(MAIN) ## Measure the guard's rule beside others for two minutes; fails when a bar is missed (ARGS=: all of it)
	@$(PYTHON) -m benchmarks.guard $(ARGS)

# All are timed in turns, and of each the fastest counts: the bars hold on a busy machine too.
bench-gate: ARGS ?= 100000 --rounds 4

# The full run takes about five minutes; ARGS=--write puts its tables into docs/guard.md.
bench-guard: ARGS ?= --quick

.PHONY: check lint types imports validate locks
check: ## Run everything that CI runs
	@.ci/run

lint: $(MAIN) ## Check style and formatting
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: $(MAIN) ## Check the types: mypy (strict) and pyright
	@.venv/bin/mypy
	@.venv/bin/pyright

imports: $(MAIN) ## Check that arrows only fall: functions, bootstrap, adapters, application, domain
	@.venv/bin/lint-imports

validate: $(MAIN) $(SAM) $(CHECKOV) ## Check the template: cfn-lint, sam validate --lint, checkov
	@.venv/bin/cfn-lint
	@SAM_CLI_TELEMETRY=0 environments/sam/.venv/bin/sam validate --lint --region us-east-1
	@environments/checkov/.venv/bin/checkov --config-file .checkov.yaml

locks: .tools/.ready ## Check that the lock files and the layer's requirements are current
	@scripts/lock --check

.PHONY: lock format clean
lock: .tools/.ready ## Bring the lock files and the layer's requirements up to date (ARGS=--upgrade)
	@scripts/lock $(ARGS)

format: $(MAIN) ## Format the code and repair what ruff can repair
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

clean: ## Delete all that was built and measured, and the environments
	@rm -rf .aws-sam .tools .venv environments/*/.venv .coverage .hypothesis htmlcov build dist .*_cache
