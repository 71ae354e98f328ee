# One command per need. `make` alone lists them; each needs nothing but Python 3.11.
SHELL := /bin/bash
.DEFAULT_GOAL := commands
.PHONY: commands demo test test-long mutants check lint types contracts contracts-check docs bench up observe down clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTERS ?= 2

commands: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: $(READY) ## set up, start everything, tell the stories (all: STORIES=all)
	@$(BIN)/nrm demo $(if $(STORIES),--stories $(STORIES))

test: $(READY) ## run all tests but the long ones
	@.ci/programs chromium
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile -m "not long" $(TESTS)

test-long: $(READY) ## run the long tests
	@.ci/programs chromium kcat
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile -m long $(TESTS)

mutants: $(READY) ## change the domain rooms on purpose, print what share the tests notice
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv pip install --quiet --require-hashes -r requirements-mutants.lock
	@$(BIN)/python -m tests.support.mutants --workers $(TESTERS) $(SERVICES)

check: $(READY) ## run every check, go on after a failure, print a count
	@.ci/check

lint: $(READY) ## format and lint the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

types: $(READY) ## check the types
	@$(BIN)/mypy

contracts: $(READY) ## write schemas, examples and AsyncAPI anew from the models
	@$(BIN)/python -m contracts.tools generate

contracts-check: $(READY) ## run the gate over the contracts
	@$(BIN)/python -m contracts.tools check

docs: $(READY) ## write the generated reference pages anew
	@$(BIN)/python -m contracts.tools generate
	@$(BIN)/python -m deploy.reference
	@$(BIN)/python -m deploy.observe.grafana

bench: $(READY) ## measure against bare code and the libraries
	@$(BIN)/python -m benchmarks

up: $(READY) ## start the embedded stack
	@$(BIN)/nrm up

observe: $(READY) ## start the stack with its traces and numbers on two pages
	@$(BIN)/nrm up --demo --observe

down: $(READY) ## stop the embedded stack
	@$(BIN)/nrm down

clean: ## stop the stack, delete its state, the environment and all caches
	@if [ -x $(BIN)/nrm ]; then $(BIN)/nrm reset --yes; fi
	@rm -rf $(VENV) .nrm mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock requirements-uv.lock requirements-java.lock .ci/environment
	@.ci/environment "$(PYTHON)" "$(VENV)"
	@touch $@
