# Everything sets itself up in a virtual environment of its own and works again without reinstalling.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
WORKERS ?= auto

.PHONY: help demo view site test lint breakages benchmarks reference pages clean

help:
	@echo "make demo       a week of August in Shanghai, from nothing to a report"
	@echo "make view       a city in the browser, live"
	@echo "make site       the documentation as a site"
	@echo "make test       all tests; those of the page where there is a Chromium"
	@echo "make lint       style, types, import layers"
	@echo "make breakages  break every rule on purpose and see which test notices (half an hour)"
	@echo "make benchmarks speed and memory of this machine, and of peers side by side (ten minutes)"
	@echo "make reference  renew golden figures, reference results, and every figure of the documents (two hours)"
	@echo "make pages      renew every figure of the documents from the reference results (a minute)"
	@echo "make clean      remove the virtual environment and caches"

demo: $(VENV)/.demo
	$(BIN)/v2gcity run scenarios/shanghai-summer.yaml

view: $(VENV)/.view
	$(BIN)/v2gcity view

site: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict -f docs/mkdocs.yml
	@echo "site: $(CURDIR)/site/index.html"

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

breakages: $(VENV)/.test
	$(BIN)/python tests/break_rules.py

benchmarks: $(VENV)/.demo
	$(BIN)/python benchmarks/run.py

reference: $(VENV)/.test
	$(BIN)/v2gcity schema > scenarios/schema.json
	$(BIN)/python docs/renew.py --run

pages: $(VENV)/.test
	$(BIN)/python docs/renew.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing v2gcity into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.view: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing v2gcity and its browser view into $(VENV) (a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[view]'
	@touch $@ $(VENV)/.demo

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing v2gcity and its test tools into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@ $(VENV)/.demo $(VENV)/.view

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
