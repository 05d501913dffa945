# The same commands on a desk and in CI. Needs python3 (3.11 or newer) and make; everything else it installs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install quickstart slices science test lint types contracts unit integration soak test-cluster soak-cluster bench docs constraints clean

help:  ## Show what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

install: $(VENV)/installed  ## Make .venv with everything, at the versions of constraints.txt.

$(VENV)/installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode -c constraints.txt -e '.[train,test]'
	@touch $@

quickstart: install  ## Run a small study in a generated world, without a network: minutes.
	$(BIN)/xfer run jobs/studies/quickstart.yaml
	$(BIN)/xfer report jobs/studies/quickstart.yaml

slices: install  ## Run the slices study and its report (give XFER_DATA and XFER_MODELS).
	$(BIN)/xfer run jobs/studies/slices.yaml
	$(BIN)/xfer report jobs/studies/slices.yaml

science: install  ## Check what the generated world is for, over many seeds: up to 20 minutes.
	$(BIN)/pytest -s tests/science

test: lint types contracts unit integration  ## Everything that CI checks.

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

contracts: install
	$(BIN)/lint-imports

unit: install
	$(BIN)/pytest tests/unit

integration: install
	$(BIN)/pytest tests/integration tests/gpu -m "not soak"

soak: install  ## Strike a study on this machine thirty times at random moments (give XFER_SOAK_SEED to repeat): half an hour.
	$(BIN)/pytest -s tests/integration -m soak

# With XFER_KUBERAY_CRDS (a folder with KubeRay 1.7's definitions) and XFER_KUBERAY_OPERATOR (its operator's program) RayJobs
# are tested, too; without them these tests are skipped, and say so.
test-cluster: install  ## Test on real Kubernetes: started here (root, Go, Debian), or the cluster of $XFER_TEST_KUBECONFIG.
	-test -n "$$XFER_TEST_KUBECONFIG" || $(BIN)/python -m tests.cluster.bed build
	$(BIN)/pytest tests/cluster -m "not soak"

soak-cluster: install  ## Take pods from studies on real Kubernetes again and again (give XFER_SOAK_SEED to repeat): an hour at most.
	-test -n "$$XFER_TEST_KUBECONFIG" || $(BIN)/python -m tests.cluster.bed build
	$(BIN)/pytest tests/cluster -m soak

bench: install  ## Hold what we are proud of against what others have: an hour on two idle cores.
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.plan_time
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.trials
	$(BIN)/python -m benchmarks.short_sentences
	$(BIN)/python -m benchmarks.short_sentences --precision bf16
	$(BIN)/python -m benchmarks.evaluation
	$(BIN)/python -m benchmarks.preprocessing
	$(BIN)/python -m benchmarks.lane_memory
	$(BIN)/python -m benchmarks.grid
	$(BIN)/python -m benchmarks.report_rows
	$(BIN)/python -m benchmarks.gpu

docs: install  ## Write docs/tables.md from the schema, and the chart's table of values.
	$(BIN)/python -c "from xfer.results import schema; print(schema.markdown(), end='')" > docs/tables.md
	$(BIN)/python helm/values_table.py

constraints:  ## Pin what is installed now.
	$(BIN)/uv pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) runs reports .mypy_cache .ruff_cache .pytest_cache
