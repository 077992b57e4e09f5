# Everything one does with this folder. `make help` lists it; bin/ does the set-up.
# Only GNU make 3.81 and a POSIX shell are assumed; no tool of the user's own environment is used or changed.

BIN := .venv/bin
ARGS ?=
# Processes the tests are spread over.
WORKERS ?= auto
# Code that must be covered to at least 95 % of its lines and branches, one figure for each folder or file.
COVERED ?= engine/tradebot/engine/core data/tradebot/data/venues data/tradebot/data/recordings
# What `make profile` looks at, and for how many seconds.
PROFILE ?= run --market synthetic --seed 1 --speed max
SECONDS_MAX ?= 30

.DEFAULT_GOAL := help
# Seeds of `make simulate`, and the first of them.
SEEDS ?= 1000
FIRST ?= 1
# The broker whose bytes the simulated venue speaks; empty: none.
SPEAKS ?=

.PHONY: help tui test test-slow test-fast kill soak fuzz check simulate format coverage profile bench dist install setup setup-ops setup-dev clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tui: setup  ## set up if needed and open the console; ARGS="--market ..." is passed on
	@./tradebot tui $(ARGS)

test: setup-dev  ## set up if needed and run the tests but those marked slow; ARGS="-k book" is passed on
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow" $(ARGS)

test-slow: setup-dev  ## the tests marked slow: kills, planted faults, long histories
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow $(ARGS)

test-fast: setup-dev  ## the tests without those marked slow or e2e
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow and not e2e" $(ARGS)

kill: setup-dev  ## kill -9 the engine ROUNDS=500 times amid orders, its venue in another process; then both ledgers must agree
	@KILL_ROUNDS=$(or $(ROUNDS),500) $(BIN)/pytest -q tests/e2e/test_remote_kill_loop.py $(ARGS)

soak: setup-dev  ## MINUTES=20 of market at 5,000 events/s with terminals stalled and lost; memory must stay flat
	@SOAK_MINUTES=$(or $(MINUTES),20) $(BIN)/pytest -q tests/e2e/test_soak.py $(ARGS)

fuzz: setup-dev  ## nonsense at the control API: CASES=20000 on each socket, EXAMPLES=100 of schemathesis for each operation
	@FUZZ_CASES=$(or $(CASES),20000) FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/pytest -q \
		tests/engine/control/test_fuzz.py tests/engine/control/test_openapi.py tests/e2e/test_control_conformance.py $(ARGS)

check: setup-dev  ## everything CI runs: formats, types, boundaries, Rust, security, and at last the tests
	@bin/check

simulate: setup-dev  ## seeded days of the engine at a faulty venue; SEEDS=10000 FIRST=1 chooses them, SPEAKS=binance its tongue
	@$(BIN)/python -m tradebot.engine.simulation --seeds $(SEEDS) --first $(FIRST) $(if $(SPEAKS),--speaks $(SPEAKS))

format: setup-dev  ## write Python and Rust the way `check` wants them
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@cd native && cargo fmt --all

coverage: setup-dev  ## run the tests with branch coverage into htmlcov/; kernel and decoders must reach 95 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report --skip-covered --skip-empty
	@for part in $(COVERED); do \
		case $$part in *.py) files=$$part ;; *) files="$$part/*" ;; esac; \
		printf '\n== %s: at least 95 %%\n' $$part; \
		$(BIN)/coverage report --include="$$files" --fail-under=95 | tail -n 1; \
		$(BIN)/coverage report --include="$$files" --fail-under=95 >/dev/null || exit 1; \
	done

profile: setup-dev  ## where a run spends its time: profile.svg; PROFILE="run ..." chooses the run
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && TRADEBOT_HOME=$$home \
		$(BIN)/py-spy record --duration $(SECONDS_MAX) --output profile.svg -- $(BIN)/python $(BIN)/tradebot $(PROFILE)

bench: setup-dev  ## the benchmarks of tests/benchmarks; each run is kept in .benchmarks with the machine's facts
	@$(BIN)/pytest tests/benchmarks --benchmark-only --benchmark-autosave $(ARGS)

dist:  ## wheels, their checksums and an installer that needs neither compiler nor root, into dist/
	@bin/dist

install: setup  ## link this folder's tradebot into ~/.local/bin; BINDIR=... chooses another folder
	@bin/install

setup-ops: setup  ## also what alerts, the keyring and telemetry need (the extra `ops`)
	@bin/setup ops

setup:  ## only the set-up for running
	@bin/setup run

setup-dev:  ## only the set-up for developing
	@bin/setup dev

clean:  ## remove what the above made, the environment included
	@rm -rf .venv .tools dist build htmlcov profile.svg .coverage .coverage.* .benchmarks .hypothesis \
		.pytest_cache .ruff_cache .import_linter_cache .mypy_cache native/target
	@rm -f native/tradebot/native/*.so
	@find native data engine console tests -name __pycache__ -type d -prune -exec rm -rf {} +
