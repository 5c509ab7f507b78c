# Everything the lab needs goes into .venv, from requirements.lock, with plain pip and the pip configuration you already have.

VENV := .venv
BIN := $(VENV)/bin
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
CANDIDATES := python3.11 python3.12 python3.13 python3
# The first that runs: a name on the PATH may be only a stub of a version manager.
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(SUPPORTED)' >/dev/null 2>&1 && echo $(p))) python3)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export JUPYTER_PLATFORM_DIRS := 1
# Each of many short programs would compile the lab anew.
unexport PYTHONDONTWRITEBYTECODE
# Recorded outputs are compared: a set must print in the same order every time.
SAME_ORDER := PYTHONHASHSEED=0
XDIST := -n auto --dist loadfile

MADE := $(VENV)/.made
PACKAGES := $(VENV)/.packages
READY := $(VENV)/.ready
# What only some of the checks need: each extra of pyproject.toml has a lock of its own.
EXTRAS := bench browser dask hub site
extras = $(READY) $(foreach extra,$(1),$(VENV)/.extra-$(extra))
# Folders with a package.json. Without npm nothing is installed there, and the tests that need it say so.
from_npm = $(if $(shell command -v npm 2>/dev/null),$(1:%=%/node_modules/.ready))
# Checks that start programs of their own and mostly wait for them. They run beside the others; what they say is kept until
# those have ended.
APART := tests/browser tests/hub tests/runner tests/site
APART_LOG := $(VENV)/.apart.log
# A moved folder and an upgraded Python leave an environment that looks whole but does not start.
SOUND := $(shell [ "`cat $(PACKAGES) 2>/dev/null`" = "$(CURDIR)" ] && $(BIN)/python -c '' 2>/dev/null && echo yes)

COMPILE = "$$tmp/uv/bin/uv" pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make lock' --quiet $(ARGS)
# Each of the other locks has nothing but its extra: everything else is in the first one, with which it agrees.
EXTRA := import sys, tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; print(*extras[sys.argv[1]], sep="\n")

heading = @printf '\n== %s ==\n' '$(1)'

.DEFAULT_GOAL := help
.PHONY: help lab test in-order apart browser site hub bench lint format record lock clean always

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(READY) ## open the lab in JupyterLab; more options in ARGS, as in ARGS=--no-browser
	@$(SAME_ORDER) $(BIN)/labkit start $(ARGS)

test: ## check everything: style, types, tests, notebooks, scenarios, browser, site, hub
	@rm -f $(APART_LOG); $(MAKE) --no-print-directory --jobs=2 --keep-going in-order apart; \
	status=$$?; cat $(APART_LOG) 2>/dev/null; exit $$status

in-order: lint $(call extras,browser dask hub site)
	$(call heading,Units and statements)
	@$(BIN)/pytest tests $(XDIST) --no-loadscope-reorder $(APART:%=--ignore=%)
	$(call heading,Notebooks: every recorded output comes out again)
	@$(SAME_ORDER) $(BIN)/pytest --nbval --nbval-current-env notebooks $(XDIST)
	$(call heading,Scenarios)
	@$(SAME_ORDER) $(BIN)/labkit sweep

apart: $(call extras,browser dask hub site) $(call from_npm,tests/browser hub)
	@{ printf '\n== What starts programs: a hub, sweeps, a real browser, the site ==\n'; \
		$(BIN)/pytest $(APART) $(XDIST) --no-loadscope-reorder -ra; } >$(APART_LOG) 2>&1

browser: $(call extras,browser) $(call from_npm,tests/browser) ## open the notebooks in a real browser and operate them
	@$(SAME_ORDER) $(BIN)/pytest tests/browser --durations=12 $(ARGS)

site: $(call extras,site) ## render the course as static pages, into build/site
	@$(SAME_ORDER) $(BIN)/python site/build.py

hub: $(call extras,hub) $(call from_npm,hub) ## prepare a hub for a class; hub/README.md says the rest
	@$(BIN)/python hub --help

bench: $(call extras,bench) ## measure the speed of the lab
	@$(SAME_ORDER) $(BIN)/python -m tests.bench $(ARGS)

lint: $(READY) ## check style and types only
	$(call heading,Style)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	$(call heading,Types)
	@$(BIN)/mypy --strict labkit

format: $(READY) ## put code and notebooks into the house style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

record: $(READY) ## execute the notebooks and store what comes out
	@$(BIN)/labkit record $(ARGS)

lock: ## compile the locks anew; ARGS=--upgrade takes the newest versions
	@tmp=`mktemp -d` && trap 'rm -rf "$$tmp"' EXIT && cp -R requirements.lock locks "$$tmp" && \
	$(PYTHON) -m venv "$$tmp/uv" && "$$tmp/uv/bin/pip" install -qq uv && \
	$(COMPILE) pyproject.toml --extra dev --output-file "$$tmp/requirements.lock" && \
	for extra in $(EXTRAS); do \
		"$$tmp/uv/bin/python" -c '$(EXTRA)' $$extra > "$$tmp/$$extra.in" && \
		$(COMPILE) "$$tmp/$$extra.in" --constraints "$$tmp/requirements.lock" --output-file "$$tmp/locks/$$extra.lock" || exit 1; \
	done && \
	for lock in requirements.lock $(EXTRAS:%=locks/%.lock); do cmp -s "$$tmp/$$lock" $$lock || cp "$$tmp/$$lock" $$lock; done

clean: ## remove the environment and everything else that can be made again
	@rm -rf $(VENV) tests/browser/node_modules hub/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find labkit tests notebooks site hub \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} + 2>/dev/null || true

# A stamp is written last: what was interrupted has none and is made again from nothing.
$(MADE): requirements.lock $(if $(SOUND),,always)
	@$(PYTHON) -c '$(SUPPORTED)' || { echo "The lab needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is not one of them." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Making $(VENV) from requirements.lock: half a minute, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(PACKAGES): $(MADE)
	@$(BIN)/pip install -qq --no-deps --require-hashes -r requirements.lock
	@echo '$(CURDIR)' > $@

$(READY): $(PACKAGES) pyproject.toml
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

# No lock has what another one has, so that they may be installed at the same time.
$(VENV)/.extra-%: locks/%.lock $(MADE)
	@$(BIN)/pip install -qq --no-deps --require-hashes -r $<
	@touch $@

%/node_modules/.ready: %/package-lock.json
	@npm ci --prefix $* --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@
