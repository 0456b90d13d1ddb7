PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONTRIB := $(sort $(dir $(wildcard contrib/*/pyproject.toml)))
EDITABLE := -e . $(addprefix -e ./,$(CONTRIB))
SOURCES := core plugins $(addsuffix src,$(CONTRIB))
SLOW := $(addprefix tests/plugins/,adaptive_concurrency circuit_breaker load_shed order_submission rate_limit \
  recovery_journal retry security_rate_limiter security_sanitizer timeout)
# Whole runs, and long ones of one plugin on many texts: other tests cover the code, and tracing would double their time.
WHOLE := tests/acceptance tests/packaging
UNTRACED := $(addprefix tests/plugins/security_sanitizer/test_sanitizer_,corpus.py engine.py properties.py prose.py \
  registered.py screening.py)
PACKAGING := pyproject.toml $(wildcard contrib/*/pyproject.toml)

.PHONY: demo test lint types contracts checks unit unit-slow unit-rest unit-untraced unit-whole uncovered contrib docs bench bench-security chaos fuzz soak clean

demo: $(VENV)/.runtime
	$(BIN)/recoup demo

test: lint types contracts checks

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy core/recoup plugins/recoup_plugins $(addsuffix src,$(CONTRIB)) benchmarks fuzz

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

# Two at a time; the longest come first.
checks: $(VENV)/.dev
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit unit-whole unit-untraced contrib docs

unit: unit-slow unit-rest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

unit-slow unit-rest: uncovered

uncovered: $(VENV)/.dev
	$(BIN)/coverage erase

unit-slow:
	$(BIN)/coverage run --parallel-mode -m pytest $(addprefix --ignore=,$(UNTRACED)) $(SLOW)

unit-rest:
	$(BIN)/coverage run --parallel-mode -m pytest $(addprefix --ignore=,$(SLOW) $(WHOLE))

unit-untraced: $(VENV)/.dev
	$(BIN)/pytest $(UNTRACED)

unit-whole: $(VENV)/.dev
	$(BIN)/pytest $(WHOLE)

contrib: $(VENV)/.dev
	$(BIN)/pytest $(addsuffix tests,$(CONTRIB))

docs: $(VENV)/.dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build

bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	$(BIN)/python benchmarks/bench_core.py
	$(BIN)/python benchmarks/bench_policies.py

bench-security: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	PYTHONPATH=tests/corpus $(BIN)/python benchmarks/bench_security.py
	$(BIN)/python benchmarks/bench_limiter.py

chaos: $(VENV)/.dev
	RECOUP_CHAOS_PLANS=10000 RECOUP_SWEEP=wide $(BIN)/pytest --hypothesis-show-statistics \
	  tests/acceptance/test_never_twice_never_lost.py \
	  tests/plugins/recovery_journal/test_recovery_journal_properties.py \
	  tests/plugins/recovery_journal/test_recovery_journal_sigkill.py

fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	mkdir -p .fuzz
	$(BIN)/python fuzz/fuzz_sanitizer.py -max_total_time=300 -max_len=4096 -len_control=0 -artifact_prefix=.fuzz/ .fuzz

soak: $(VENV)/.dev
	$(BIN)/python benchmarks/soak.py

clean:
	rm -rf $(VENV) docs/_build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .fuzz

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "recoup needs Python 3.11 or later; say which with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.runtime: $(VENV)/.venv $(PACKAGING)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(EDITABLE)
	$(BIN)/python -m compileall -q $(SOURCES)
	@touch $@

$(VENV)/.dev: $(VENV)/.venv $(PACKAGING)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(EDITABLE) --group dev
	$(BIN)/python -m compileall -q $(SOURCES)
	@touch $@ $(VENV)/.runtime
