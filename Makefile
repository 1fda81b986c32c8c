# Two commands do everything: `make demo` and `make test`. Each target makes its own
# environment in .venv if there is none; a second run finds it there.
#
# Longer ones: `make torture` (TIME=600 seconds) tries to make the program wrong, `make mutants`
# (COUNT=100 a wing) asks whether the tests would notice, `make coverage` which lines and branches
# of the library no test reaches.

# slicer-core (real MRML nodes without Qt) has wheels for these Pythons only.
SLICER_PYTHONS := 3.12 3.11 3.13 3.10

PYTHON ?= $(shell for version in $(SLICER_PYTHONS); do \
    python$$version -c 'import ensurepip, venv' 2>/dev/null && echo python$$version && exit; \
  done; echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO ?= demo
TIME ?= 600
COUNT ?= 100

EXTRAS := .[test,dev]

# What the installers say is kept, and shown where they fail.
pip = $(BIN)/python -m pip install --quiet $(1) >> $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log; exit 1; }

.PHONY: demo test check audit format bench torture mutants coverage clean

demo: $(INSTALLED)
	$(BIN)/python Testing/demo.py $(DEMO)

# Two processes on two processors: OpenBLAS's own threads would wait in busy loops.
test: $(INSTALLED)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy VOIIdentification/VOIIdentificationLib
	$(BIN)/numpydoc lint $$(find VOIIdentification/VOIIdentificationLib -name "*.py")
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive VOIIdentification docs

# Asks a database of known faults on the network: not a part of the check.
audit: $(INSTALLED)
	$(BIN)/pip-audit --progress-spinner off

torture: $(INSTALLED)
	$(BIN)/python Testing/Torture/run.py --time $(TIME)

mutants: $(INSTALLED)
	$(BIN)/python Testing/Torture/mutants.py --count $(COUNT)

coverage: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile -q --cov

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	for file in Testing/Benchmarks/bench_*.py; do echo "== $$file"; PYTHONPATH=Testing/Python $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) $(DEMO)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo 'Installing the packages that the project needs into $(VENV), a minute or two ...'
	@$(call pip,--upgrade pip)
	@$(call pip,--editable '$(EXTRAS)')
	@if $(BIN)/python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))'; then \
	  $(call pip,--editable '.[slicer]'); \
	else \
	  echo 'No Python 3.10 to 3.13 here, so no slicer-core: MRML nodes are left out of the demo,'; \
	  echo 'and their tests are skipped.'; \
	fi
	touch $(INSTALLED)
