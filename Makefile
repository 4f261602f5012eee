# Two commands: `make sweep` and `make test`. Both make .venv first, and need Python, make and git only.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: sweep test

sweep: .venv/installed
	$(BIN)/python -m attnbench sweep

test: .venv/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/pytest

.venv/installed: pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed-test: pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@ .venv/installed

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
