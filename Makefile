# Each target makes its own .venv when missing or stale; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/.packages
STAMP := $(VENV)/.ready
# make demo FEED=tcp://HOST:PORT plays a feed of your own; STAY=1 leaves all of it running until Ctrl-C.
DEMO = $(if $(FEED),--feed $(FEED)) $(if $(STAY),--stay)

.PHONY: demo test unit slow check bench chaos clean setup ops soak states screenshots generated format
.DEFAULT_GOAL := test

setup: $(STAMP)

$(PACKAGES): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "wakewatch needs Python 3.11 or newer; '$(PYTHON)' is older. Say PYTHON=python3.12 make ..." >&2; exit 2; }
	@echo "setting up $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(STAMP): $(PACKAGES) pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)
	@$(BIN)/wakewatch demo $(DEMO)

test: $(STAMP)
	@$(BIN)/pytest -m 'not slow' -n auto

unit: $(STAMP)
	@$(BIN)/pytest -m 'not slow and not broker and not full' -n auto

slow: $(STAMP)
	@$(BIN)/pytest -m slow

format: $(STAMP)
	@$(BIN)/ruff check --quiet --select I --fix . && $(BIN)/ruff format --quiet .

check: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/python -m tests.size && $(BIN)/pytest -q tests/test_docs.py tests/test_words.py tests/test_wording.py

chaos: $(STAMP)
	@$(BIN)/python -m tests.chaos $(if $(QUICK),--quick)

bench: $(STAMP)
	@$(BIN)/wakewatch bench decode

# Nothing grows: all processes on traffic that never repeats itself, another watchlist every minute.
soak: $(STAMP)
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),20)

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist

# The operations room on real programs: Kafka, worker, notifier, Prometheus, Alertmanager, a webhook receiver.
ops: $(STAMP)
	@$(BIN)/python -m tests.ops

# Every state that can look well and is not, on real programs, and what says so within a minute. SHORT=1: four of them.
states: $(STAMP)
	@$(BIN)/python -m tests.states $(if $(SHORT),--short)

# The README's pictures, from the demo and a headless Chromium: docs/images.
screenshots: $(STAMP)
	@$(BIN)/python -m tests.screenshots

# What is made from the code and compared by tests: the example of settings, the catalogue of detectors, schemas, dashboards.
generated: $(STAMP)
	@$(BIN)/wakewatch config example > deploy/settings.example.toml.new && mv deploy/settings.example.toml.new deploy/settings.example.toml
	@$(BIN)/wakewatch config catalogue > detectors/README.md.new && mv detectors/README.md.new detectors/README.md
	@$(BIN)/python -m streams.messages.schemas deploy/schemas
	@$(BIN)/python deploy/grafana/generate.py
