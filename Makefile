# make setup   a virtual environment with the program: .venv/bin/faces
# make demo    detects, names, recognizes, writes demo/report.html; PHOTOS=~/Pictures for your own photos
# make test    everything the tests need, and all tests
# make shots   the screenshots of the page, into tests/e2e/shots
# make bars    what a run costs here, against the limits
# make bench   the program beside what others do, on the photos in ../shared; writes docs/benchmarks.md
# make thresholds PHOTOS=DIR   measures distances on photos of known people (a folder each)
# make groups PHOTOS=DIR       measures how well faces are grouped, on the same photos

PYTHON ?= python3
PHOTOS ?=
VENV := .venv
FULL := .venv-full
RUN := $(VENV)/bin/python
# Node comes with playwright, which the tests of the page need anyhow.
NODE = "$$($(RUN) -c 'import playwright, pathlib; print(pathlib.Path(playwright.__file__).parent / "driver" / "node")')"

.PHONY: setup demo test packages checks full-set lint shots bars bench thresholds groups clean help
help:
	@sed -n 's/^# make/make/p' Makefile

# The hub runs it as a user who may not write here, and would compile it every time. (Some packages have files for other
# Pythons, which do not compile.)
setup: $(VENV)/.ready
	@$(RUN) -m compileall -q py
	@$(RUN) -m compileall -qq $(VENV)/lib || true
$(VENV)/.ready: pyproject.toml py/setup.sh
	@sh py/setup.sh $(PYTHON) $(VENV) -e .
	@touch $@

# The core set with the tools for tests, and the full documented set: numpy 2 there, numpy 1 and mediapipe here.
$(VENV)/.dev: pyproject.toml py/setup.sh | $(VENV)/bin/python
	@FASTER=1 sh py/setup.sh $(PYTHON) $(VENV) -e '.[dev]'
	@touch $(VENV)/.ready $@
# mediapipe installs an OpenCV that needs a screen's libraries over the one that does not: put that one back.
# After the other environment: most packages are those, and lie on the disk by then.
$(FULL)/.ready: pyproject.toml requirements.txt py/setup.sh | $(VENV)/.dev
	@FASTER=1 sh py/setup.sh $(PYTHON) $(FULL) -r requirements.txt -e '.[dev]'
	@FASTER=1 sh py/setup.sh $(PYTHON) $(FULL) --force-reinstall --no-deps \
		"$$($(FULL)/bin/python -m pip freeze | grep '^opencv-contrib-python-headless==')"
	@touch $@

# face_recognition asks for dlib, which would be compiled; dlib-bin is the same. Apart, so that `pip check` stays content.
$(VENV)/.bench: $(VENV)/.ready
	@sh py/setup.sh $(PYTHON) $(VENV) -e '.[bench,cluster]'
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --target build/bench 'face-recognition==1.3.0'
	@touch $@

demo: $(VENV)/.ready
	@$(RUN) tests/demo/demo.py $(if $(PHOTOS),--photos "$(PHOTOS)")

# What takes one core goes two by two. The tests wait a good part of their time, for a browser, a process, a clock: one
# more of them at a time than there are cores. Each takes a file; which ones first, conftest.py says.
test:
	@$(MAKE) --no-print-directory -j2 -Oline checks full-set
	@$(RUN) -m pytest -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder

# Not at the same time as an environment is begun, which may have to install a system package, too.
packages: | $(VENV)/bin/python
	@sh tests/packages.sh
$(VENV)/bin/python:
	@sh py/setup.sh $(PYTHON) $(VENV)
# `lint` in here, because it looks whether there is a PHP.
checks: packages $(VENV)/.dev
	@$(MAKE) --no-print-directory lint
	@if command -v phpunit >/dev/null; then phpunit -c tests/php/phpunit.xml; fi
	@$(NODE) --test --test-reporter=dot tests/js/*.test.js
full-set: $(FULL)/.ready
	@$(FULL)/bin/python -m pip check
	@$(FULL)/bin/python -m pytest tests/py/test_full_set.py tests/py/test_store.py tests/py/test_engines.py

lint: $(VENV)/.dev
	@$(RUN) -m pip check
	@$(RUN) -m ruff check py tests
	@$(RUN) -m ruff format --check --quiet py tests
	@$(RUN) -m mypy
	@if command -v php >/dev/null; then find faces.php php tests/hub tests/php -name '*.php' -exec php -l {} \; | grep -v '^No syntax errors' && exit 1 || true; fi

shots: $(VENV)/.dev
	@sh tests/packages.sh
	@$(RUN) tests/e2e/shots.py

bars: $(VENV)/.dev
	@sh tests/packages.sh
	@$(RUN) tests/demo/bars.py
	@$(RUN) tests/demo/hub_bars.py
	@$(RUN) tests/demo/web_bars.py
	@$(RUN) tests/demo/page_bars.py

bench: $(VENV)/.bench
	@$(RUN) tests/demo/bench.py

thresholds: $(VENV)/.ready
	@$(RUN) tests/demo/thresholds.py $(PHOTOS)

groups: $(VENV)/.ready
	@$(RUN) tests/demo/groups.py $(PHOTOS)

clean:
	rm -rf $(VENV) $(FULL) demo build *.egg-info py/*.egg-info
