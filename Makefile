# One word per thing a newcomer wants to do. `make help` prints them.
PYTHON ?= python3
BIN := .venv/bin
# The lock names everything: resolving again would meet releases that are newer than it.
LOCK := $(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all:

# Each process of a test would compile what it loads again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo test test-postgresql test-fediverse interop test-long coverage contract fuzz bench lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: .venv/runtime ## one node at http://localhost:8000 (data in ./data); deploy/README.md shows how to run one for real
	$(BIN)/fedorg serve $(ARGS)

demo: .venv/runtime ## two departments and a partner talking to each other; ARGS=--once checks and exits
	$(BIN)/fedorg demo $(ARGS)

test: .venv/dev ## format, lint, types, architecture, and the tests of the protocol, of a node, and that nodes federate
	$(BIN)/python -m tests.check $(ARGS)

test-postgresql: .venv/dev ## the tests that make test runs on SQLite only, on PostgreSQL
	$(BIN)/python -m tests.check --postgresql $(ARGS)

test-fediverse: .venv/dev ## more of nodes in processes of their own: what they do together, what fails under them, backups, upgrades
	$(BIN)/python -m tests.check --fediverse $(ARGS)

interop: .venv/dev ## speak with a server built on Fedify, and print what was understood
	CI=true $(BIN)/python -m pytest -q -n 2 --dist loadscope tests/fediverse/test_with_fedify.py $(ARGS)

test-long: .venv/dev ## soak and kill tests that take longer than make test may
	$(BIN)/python -m pytest -m long $(ARGS)

coverage: .venv/dev ## how much of the code the tests run inside their own processes; takes twice as long as make test
	$(BIN)/python -m pytest -q -m "not long" -n 3 --dist loadscope --cov --cov-report=term:skip-covered $(ARGS)

contract: .venv/dev ## every operation of Mastodon's client API against a real node; ARGS=polls checks a part
	$(BIN)/python -m tests.contract $(ARGS)

fuzz: .venv/dev ## throw mutated documents at the protocol library; ARGS=600 for ten minutes
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: .venv/dev ## what a node costs: processor time, rates, memory; ARGS="--only home", --large, --compare kept.json
	$(BIN)/python -m tests.benchmarks $(ARGS)

# One release of each for all Pythons, the same for tests and for nodes: what was tested is what runs.
lock: .venv/dev ## resolve dependencies anew into the lock files
	$(BIN)/python -m pip install --quiet uv
	for name in "requirements.lock --group build" \
	  "requirements-dev.lock --constraint requirements.lock --group build --group dev --extra fast"; do \
	  $(BIN)/uv pip compile pyproject.toml --universal --fork-strategy fewest --generate-hashes --no-emit-index-url \
	    --no-annotate --no-header --quiet --upgrade --output-file $$name || exit 1; done

clean: ## remove what the other targets made, except ./data
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/runtime: requirements.lock pyproject.toml
	$(LOCK) -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml
	$(LOCK) -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ .venv/runtime
