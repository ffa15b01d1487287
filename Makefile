# Two commands: `make demo` and `make test`. Both make the environment first.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin

# PyTorch without CUDA: "+cpu" can be met by a CPU wheel only, so pip stops rather than fetch
# gigabytes. On a Mac the plain wheel is the CPU build. With a GPU: make TORCH_SPEC=torch==2.13.0
UNAME := $(shell uname -s)
ifeq ($(UNAME),Darwin)
TORCH_SPEC ?= torch==2.13.0
else
TORCH_SPEC ?= torch==2.13.0+cpu
endif
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: demo test slow install lock clean

demo: install
	$(BIN)/galen demo $(ARGS)

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	# Tests start many processes: where bytecode may not be kept, each compiles all it imports anew.
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2

# What takes minutes: the tutorial and the guides word by word, a built wheel, every command misused.
slow: install
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 -m slow

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c requirements.lock uv
	$(BIN)/pip install -q -c requirements.lock "$(TORCH_SPEC)" \
	  || $(BIN)/pip install -q -c requirements.lock "$(TORCH_SPEC)" --extra-index-url $(TORCH_INDEX)
	$(BIN)/uv pip install -q --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	$(BIN)/uv pip check --python $(BIN)/python
	touch $@

# Torch is left out of the lock (see above), but what its CPU wheel needs is in it.
lock:
	printf 'uv\nfilelock\nfsspec\njinja2\nnetworkx\nsympy\ntyping-extensions\nsetuptools\n' > $(VENV)/lock.in
	printf 'torch ; python_version < "3"\n' > $(VENV)/no-torch.txt
	$(BIN)/uv pip compile -q --universal --all-extras pyproject.toml $(VENV)/lock.in \
	  --override $(VENV)/no-torch.txt --no-header --no-annotate -o requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
