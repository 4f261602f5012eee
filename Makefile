# make sweep, make test, make docs. Each makes .venv first, and needs Python, make and git only.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: sweep test docs

sweep: .venv/installed
	$(BIN)/python -m attnbench sweep

test: .venv/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# The site is in build/site; open build/site/index.html.
docs: export NO_MKDOCS_2_WARNING := 1
docs: .venv/installed-docs
	$(BIN)/python -m mkdocs build --strict

.venv/installed: pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed-docs: pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable '.[docs]'
	touch $@ .venv/installed

.venv/installed-test: pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@ .venv/installed .venv/installed-docs

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
