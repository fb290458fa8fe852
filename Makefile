# Needs only make and python3 (>= 3.11). Everything else is installed into .venv from
# requirements.lock, every file checked against its hash.
#
#   make demo    generate a company, import it into a throw-away home, print where its money went
#   make test    everything that CI runs: lint, types, import rules, tests
#   make prove   the long proofs: many more examples, kills and injected faults
#   make bench   measure speed and size, print the figures with the machine they ran on

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH

.PHONY: help
help:
	@sed -n '4,7s/^# *//p' Makefile
	@echo "also: make lint | docs (rewrite what is generated in the docs) | lock | clean"

$(STAMP): requirements.lock pyproject.toml scripts/check_python.sh
	@sh scripts/check_python.sh "$(PYTHON)"
	@echo "building $(VENV) from requirements.lock"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: venv
venv: $(STAMP)

.PHONY: demo
demo: $(STAMP)
	@sh scripts/demo.sh $(BIN)

.PHONY: lint
lint: $(STAMP)
	@echo "lint";         $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "types";        $(BIN)/mypy --no-error-summary
	@echo "import rules"; $(BIN)/lint-imports --no-logo >$(VENV)/imports.txt 2>&1 \
		|| { cat $(VENV)/imports.txt; exit 1; }

.PHONY: test
test: lint
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

.PHONY: prove
prove: $(STAMP)
	@JEVONS_PROVE=1 $(BIN)/python -m pytest -q -m prove

.PHONY: bench
bench: $(STAMP)
	@$(BIN)/python -m bench

.PHONY: docs
docs: $(STAMP)
	@$(BIN)/python scripts/reference.py --write
	@$(BIN)/python scripts/transcript.py --write $$(grep -rl '^```console' README.md docs)

.PHONY: lock
lock:
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements.lock

.PHONY: clean
clean:
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
