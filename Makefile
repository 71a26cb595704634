# Every target does its own set-up. PY is the interpreter that makes the environment,
# VENV the folder it goes to:  make test PY=python3.13 VENV=.venv313
PY ?= python3
VENV ?= .venv
LAB_ARGS ?=
TEST_ARGS ?=
LOCK_ARGS ?=
SITE_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=
# For `make recorded` and `make version`.
WITH_GIL ?=
FREE_THREADED ?=
VERSION ?=
AUDIT_ARGS ?=

SHELL := /bin/sh
PYTHON := $(VENV)/bin/python
# Scripts in an environment hold absolute paths, so a moved folder, like another
# interpreter, needs a new environment: both are part of the stamp's name.
READY := $(VENV)/.ready-$(shell printf '%s' '$(CURDIR) $(PY)' | cksum | cut -d' ' -f1)
# How pytest-xdist shares the tests out: tests/harness/sharing.py.
SHARED := --dist loadfile --no-loadscope-reorder
SITE_READY := $(READY)-site
DEMO_READY := $(READY)-demo
# A folder beside the environment's own: Voilà and the slides are found only where it is named.
DEMO := $(abspath $(VENV))/demo
WITH_DEMO = PYTHONPATH='$(DEMO)' \
  JUPYTER_PATH='$(CURDIR)/tools/demo:$(DEMO)/share/jupyter'"$${JUPYTER_PATH:+:$$JUPYTER_PATH}"
# JupyterLab refuses to run as root without it, and a container's user often is root.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lab demo slides test check bench site labs lock audit picture recorded binder \
  oldest newest version clean check-python

help:
	@echo 'make lab     open the course in JupyterLab   (LAB_ARGS=--no-browser prints the address only)'
	@echo 'make test    run every test                  (TEST_ARGS="-k binder" picks some)'
	@echo 'make check   look for faults without running anything: ruff, its format, types'
	@echo 'make demo    show the control panel alone, as a page of its own'
	@echo 'make slides  open JupyterLab with slides that have live widgets'
	@echo 'make bench   measure what the course costs   (BENCH_ARGS="runs --record" picks parts, and keeps them)'
	@echo 'make site    write the course as a web site (COURSE_ROUNDS=few measures once: faster)'
	@echo 'make labs    write the exercises in labs/ from labs/solutions/'
	@echo 'make lock    write requirements.lock anew    (LOCK_ARGS=--upgrade takes newer versions)'
	@echo 'make picture write the picture of the README anew, measured here'
	@echo 'make recorded WITH_GIL=python3.13 FREE_THREADED=python3.13t  record the run of notebook 04'
	@echo 'make binder  copy environment.yml to where Binder looks for it'
	@echo 'make version VERSION=1.2.3  write the number of a release wherever it stands'
	@echo 'make setup   make the environment only: the other targets do so by themselves'
	@echo 'make oldest  unit tests and ruff on the oldest versions allowed (TEST_ARGS=tests/test_nbval.py: others)'
	@echo 'make newest  the same on the newest that there are; the locks stay as they are'
	@echo 'make audit   look the locked versions up among the known vulnerabilities (needs a network)'
	@echo 'make clean   remove the environment and what was generated'
	@echo
	@echo 'PY=python3.13 picks another Python, VENV=.venv313 another folder for its environment.'

lab slides: setup
	@# The user's own settings stay: this adds defaults, and writes nothing to the home folder.
	@JUPYTER_CONFIG_PATH='$(CURDIR)'"$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
	$(if $(filter slides,$@),$(WITH_DEMO)) $(PYTHON) -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir='$(CURDIR)' \
	  --LabApp.default_url=/lab/tree/$(if $(filter slides,$@),tools/demo/slides,notebooks/00-start-here).ipynb \
	  $(AS_ROOT) $(LAB_ARGS)

slides: $(DEMO_READY)

demo: setup $(DEMO_READY)
	@echo 'Open the address below; its token lets you in. Ctrl+C ends the page.'
	@$(WITH_DEMO) $(PYTHON) -m voila tools/demo/control-panel.ipynb --template=course \
	  --Voila.ip=127.0.0.1 --token --no-browser $(DEMO_ARGS)

test: setup $(SITE_READY)
	@# Three at a time on two cores, since most of them wait for something; tests/conftest.py
	@# says which tests stay together.
	$(PYTHON) -m pytest -n 3 $(SHARED) $(TEST_ARGS)

# All three are run, whatever the first of them finds.
check: setup
	@bad=0; $(VENV)/bin/ruff check . || bad=1; $(VENV)/bin/ruff format --check . || bad=1; \
	$(VENV)/bin/mypy --cache-dir $(VENV)/mypy-cache || bad=1; exit $$bad

bench: setup
	$(PYTHON) -m benchmarks $(BENCH_ARGS)

site: setup $(SITE_READY)
	@$(PYTHON) -m tools.site $(SITE_ARGS)

labs: setup
	$(PYTHON) -m tools.make_labs

picture: setup
	$(PYTHON) -m tools.make_picture

recorded: setup
	@[ -n '$(WITH_GIL)' ] && [ -n '$(FREE_THREADED)' ] || { \
	  echo 'Name two interpreters built alike: make recorded WITH_GIL=... FREE_THREADED=...'; exit 1; }
	$(PYTHON) -m tools.record_free_threaded '$(WITH_GIL)' '$(FREE_THREADED)'

# A copy, not a link: not every tool that reads the folder follows one.
binder:
	cp environment.yml binder/environment.yml

version: setup
	@$(PYTHON) -m tools.set_version '$(VERSION)'

setup: $(READY)

# Only the lock decides: a change of a tool's setting in pyproject.toml installs nothing.
$(READY): requirements.lock
	@$(MAKE) --no-print-directory check-python
	@if [ -e '$(VENV)' ] && [ ! -e '$(VENV)/pyvenv.cfg' ]; then \
	  echo '$(VENV) exists and is no Python environment: name another folder, VENV=...'; exit 1; fi
	@echo 'Setting up $(VENV), once: about a minute.'
	@$(PY) -m venv --clear '$(VENV)'
	@sed -n '/^uv==/,/^ *# via/p' requirements.lock | $(PYTHON) -m pip install --quiet \
	  --disable-pip-version-check --require-hashes --no-deps --requirement /dev/stdin
	@# pip knows the index or proxy that a company's pip.conf names, and uv does not.
	@$(VENV)/bin/uv --no-config pip install --quiet --python $(PYTHON) \
	  --require-hashes --no-deps --requirement requirements.lock || { \
	  echo 'uv could not install; trying pip, which is slower.'; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --no-deps --requirement requirements.lock; }
	@echo '$(CURDIR)' > "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/course.pth"
	@$(PYTHON) -m tools.compile_imports
	@touch $@

# What makes the site: whoever opens the course need not wait for it.
$(SITE_READY): $(READY) requirements-site.lock
	@$(VENV)/bin/uv --no-config pip install --quiet --python $(PYTHON) --compile-bytecode \
	  --require-hashes --no-deps --requirement requirements-site.lock || \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --no-deps --requirement requirements-site.lock
	@touch $@

$(DEMO_READY): $(READY) requirements-demo.lock
	@rm -rf '$(DEMO)'
	@$(VENV)/bin/uv --no-config pip install --quiet --python $(PYTHON) --target '$(DEMO)' \
	  --require-hashes --no-deps --requirement requirements-demo.lock || \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target '$(DEMO)' \
	  --require-hashes --no-deps --requirement requirements-demo.lock
	@touch $@

check-python:
	@command -v '$(PY)' >/dev/null || { \
	  echo 'The course needs Python 3.11 or newer, and there is no $(PY) here: install one, or name yours with PY=...'; exit 1; }
	@'$(PY)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The course needs Python 3.11 or newer, and $(PY) is $$('$(PY)' -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])'): name a newer one, for example PY=python3.12"; exit 1; }
	@'$(PY)' -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo '$(PY) cannot make environments: on Debian or Ubuntu, run  apt-get install python3-venv  first.'; exit 1; }

# An environment of its own, since a lock that cannot be installed must be mendable.
lock: check-python
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(PY) -m venv "$$scratch" && \
	"$$scratch/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.9' && \
	export UV_CUSTOM_COMPILE_COMMAND='make lock' && \
	compile="$$scratch/bin/uv --no-config pip compile --quiet --universal --generate-hashes \
	  --python-version 3.11 --constraint tools/lock-constraints.txt" && \
	$$compile --extra test --extra setup --output-file requirements.lock \
	  $(LOCK_ARGS) pyproject.toml && \
	rest="$$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock)" && \
	for extra in site demo; do $$compile --extra $$extra --constraint requirements.lock $$rest \
	  --output-file requirements-$$extra.lock $(LOCK_ARGS) pyproject.toml || exit 1; done

# Each has an environment of its own beside $(VENV), made anew: bounds and versions change.
# Not the type checker: old packages have no types, or others.
oldest: RESOLUTION := lowest-direct
newest: RESOLUTION := highest
oldest newest: setup
	@$(PY) -m venv --clear '$(VENV)-$@'
	@$(VENV)/bin/uv --no-config pip install --quiet --python '$(VENV)-$@/bin/python' \
	  --resolution $(RESOLUTION) --constraint tools/lock-constraints.txt \
	  --requirement pyproject.toml --extra test --extra site
	@echo '$(CURDIR)' > "$$('$(VENV)-$@/bin/python' -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/course.pth"
	'$(VENV)-$@/bin/python' -m pytest -n 2 $(SHARED) \
	  $(if $(TEST_ARGS),$(TEST_ARGS),tests/unit tests/test_static.py -k 'not type_checker')

# --strict: what could not be looked up is a failure, not a pass.
audit: check-python
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(PY) -m venv "$$scratch" && \
	"$$scratch/bin/python" -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.10' && \
	for lock in requirements.lock requirements-site.lock requirements-demo.lock; do \
	  echo "$$lock:"; "$$scratch/bin/pip-audit" --strict --progress-spinner off --disable-pip \
	    --require-hashes --requirement "$$lock" $(AUDIT_ARGS) || failed=1; done; \
	[ -z "$$failed" ]

clean:
	@for each in '$(VENV)' '$(VENV)-oldest' '$(VENV)-newest'; do \
	  if [ -e "$$each/pyvenv.cfg" ]; then rm -rf "$$each"; fi; done
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache
	find . \( -name .git -o -name '.venv*' \) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -type d -prune -exec rm -rf {} +
