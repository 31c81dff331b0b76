# make demo | make test | make lint | make docs | make bench: each does its own set-up.

VENV ?= .venv
CORES ?= 2
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev
# The package itself is installed editable: only its metadata and the locks ask for a new set-up.
SETUP := envs/setup.sh pyproject.toml

.PHONY: help demo test test-long faults fuzz lint format docs bench bench-coupling bench-operate campaign months schemas test-lowest clean
.DEFAULT_GOAL := help

# A suite starts Python by the hundred: what one has compiled, the others need not.
test test-long faults: export PYTHONDONTWRITEBYTECODE :=

help:
	@echo "make demo    run the embedded district from data to figures (results/district)"
	@echo "make test    run the tests"
	@echo "make test-long  follow the tutorials as printed, at full length; search widely for what breaks properties"
	@echo "make faults  inject every fault, and write the table in docs/reference/faults.md"
	@echo "make fuzz    fuzz every reader, and write the table in docs/reference/faults.md"
	@echo "make lint    check style, types, workflow and documentation"
	@echo "make docs    build the documentation (site/)"
	@echo "make bench   measure speed, beside Calliope 0.6.10 where it can be installed"
	@echo "make bench-coupling   compare what every coupling truly costs"
	@echo "make bench-demo  measure time and memory of the demo"
	@echo "make campaign  couple 200 random districts to their end"
	@echo "make months  lay the embedded district's months beside the original study's"
	@echo "make bench-operate   measure a year of receding horizons beside one plan"

$(RUN_READY): $(SETUP) envs/lock-run.txt
	bash envs/setup.sh "$(VENV)" envs/lock-run.txt
	@touch $@

$(DEV_READY): $(SETUP) envs/lock-dev.txt envs/lock-cbc.txt
	bash envs/setup.sh "$(VENV)" envs/lock-dev.txt cbc
	@touch $@ $(RUN_READY)

demo: $(RUN_READY)
	PATH="$(abspath $(BIN)):$$PATH" snakemake --cores $(CORES)

test: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

# `make test` follows the tutorials on two days, and only parses what how-to pages print. All of them at
# full length take most of a day; ANELLO_LONG=days in place of 1 follows the how-to pages on two days.
test-long: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" ANELLO_LONG=1 python -m pytest tests/workflow/test_tutorial.py \
		tests/workflow/test_how_to.py tests/properties/test_audits.py tests/properties/test_slp.py \
		tests/properties/test_slp_gradient.py tests/properties/test_reading_is_total.py \
		tests/golden/test_ring_loop.py

faults: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" ANELLO_FAULT_TABLE=docs/reference/faults.md \
		python -m pytest tests/workflow/test_fault_campaign.py

# Atheris has no wheel for every Python, so it is no dependency.
fuzz: $(DEV_READY)
	$(BIN)/python -m pip install --quiet "atheris>=3"
	PATH="$(abspath $(BIN)):$$PATH" PYTHONPATH=workflow:tests python -m fuzz --write

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	PATH="$(abspath $(BIN)):$$PATH" snakemake --lint
	$(BIN)/python -m anello.run.schemas --check
	$(BIN)/mkdocs build --quiet --strict --site-dir "$(VENV)/site"

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The JSON schema and the table of settings in config/README.md both come from anello.run.config.
schemas: $(DEV_READY)
	$(BIN)/python -m anello.run.schemas

docs: $(DEV_READY)
	$(BIN)/mkdocs build --strict

bench: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" python -m benchmarks

bench-coupling: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" python benchmarks/compare_coupling.py --year

# Two hundred districts drawn at random, each run to its end: hours.
campaign: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" python benchmarks/campaign.py

bench-demo: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" python benchmarks/measure_demo.py

months: $(DEV_READY)
	$(BIN)/python benchmarks/compare_months.py

bench-operate: $(DEV_READY)
	PATH="$(abspath $(BIN)):$$PATH" python benchmarks/operate.py

test-lowest:
	bash envs/setup.sh .venv-lowest envs/lock-lowest.txt cbc
	PATH="$(abspath .venv-lowest/bin):$$PATH" python -m pytest

clean:
	rm -rf results site .pytest_cache .mypy_cache .ruff_cache
