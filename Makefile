# Two commands do everything on a fresh Debian machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
PEER ?= .venv-peer
BIN := $(VENV)/bin
# Tests wait more than they compute, so there are more of them at once than cores.
JOBS ?= 4
# The tray: a screen that nobody looks at, and what Qt loads to draw on it.
PACKAGES := gnome-keyring dbus strace systemd xvfb x11-utils trayer xdotool libxcb-icccm4 libxcb-keysyms1 libxcb-cursor0 \
  libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0 libxkbcommon0 libegl1 libgl1 libfontconfig1 libgssapi-krb5-2
export STATIONMASTER_PYWATS_PYTHON ?= $(abspath $(PEER)/bin/python)

.DEFAULT_GOAL := help
.PHONY: help setup peer system demo test lint types imports unit coverage docs bench faults fuzz screenshots lock clean \
  bundle bundle-console bundle-test deb setup-exe windows-smoke

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(PEER)/.ready: tests/peer.lock
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/peer.lock
	@touch $@

setup: $(VENV)/.ready ## make the virtual environment from the hashed lock

peer: $(PEER)/.ready ## programs of others that tests compare with (a WATS client, an STDF reader), in an environment of their own

system: ## system packages that the tests use (a keyring, D-Bus, strace, systemd, a screen)
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else echo "Some tests will be skipped. To run them: sudo apt-get install -y$$missing"; fi

demo: setup ## the main job on real input against the embedded server, with a kill -9 in between
	$(BIN)/stationmaster demo

test: setup peer system lint types imports docs unit ## lint, types, import contracts, docs, all tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

docs: setup ## check that the generated pages are current, and build the site into build/site
	$(BIN)/python -m stationmaster.config.reference --check docs/settings.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

TESTS := pytest -m "not faults and not bundle" -n $(JOBS) --dist worksteal

unit: setup peer
	$(BIN)/$(TESTS) --durations=25

coverage: setup peer ## all tests once more, with what they reach, also in the processes that they start
	$(BIN)/coverage erase
	$(BIN)/coverage run -m $(TESTS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

faults: setup ## the long fault runs: 200 kills, 200 power cuts
	$(BIN)/pytest -m faults

fuzz: setup ## look for new counterexamples to the properties
	$(BIN)/pytest -m hypothesis --hypothesis-profile=search

bench: setup peer ## measure what we claim
	$(BIN)/python tests/benchmarks/run.py

LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --universal
screenshots: setup ## pictures of the tray's windows, light and dark, into the docs
	$(BIN)/python tests/screenshots/run.py

lock: setup ## make requirements.lock and tests/peer.lock anew, for each system and Python that we support
	$(BIN)/pip install --quiet uv
	$(LOCK) --extra dev --extra tray -o requirements.lock pyproject.toml
	$(LOCK) -o tests/peer.lock tests/peer.in

BUNDLE := PYINSTALLER_CONFIG_DIR=$(abspath build)/pyinstaller $(BIN)/pyinstaller --noconfirm --log-level ERROR \
  --distpath dist --workpath build/bundle build.spec

bundle: setup docs ## the two single-file programs, into dist/
	$(BUNDLE)

bundle-console: setup ## the console program alone, which continuous integration tries
	$(BUNDLE) -- console

bundle-test: setup ## try the programs in dist/: what is built, and nothing of the source
	$(BIN)/pytest -m bundle tests/bundle

deb: setup ## a Debian package of what is in dist/, signed with the key in SIGN_KEYS, else with a test key
	$(BIN)/python installer/sign.py $$($(BIN)/python installer/linux/build_deb.py)

setup-exe: setup ## a signed setup for Windows of the programs in dist/, which Windows or wine made
	$(BIN)/python installer/windows/build_setup.py

windows-smoke: setup docs ## the product on a Windows Python under wine, from source, frozen and installed
	installer/windows/wine-smoke.sh

clean: ## remove everything that make made
	rm -rf $(VENV) $(PEER) build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
