# The project's commands. `make` alone lists them. Everything runs in .venv, which each target sets up by itself.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python3 setup` chooses another. A .venv that
# works is kept, whatever Python it was made with: two Pythons in one are worse than an old one.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && exit; done; echo python3)

BIN := .venv/bin
READY := .venv/.ready
UV_VERSION := 0.13.9
UV := .venv/lock/bin/uv
SCANNERS := .venv/scanners/.ready
CODE := exporter dashboards release tests benchmarks

# Many tests wait for the wire (retries, delays), so that more workers than cores pay. Those that start the product as
# processes need the machine for themselves: they run afterwards, one at a time. (5: ARGS chose none of them.)
TOGETHER := -m 'not process' --numprocesses 3 --dist worksteal
ALONE := -m 'process and not terraform'
# Those of terraform are as large, but mind no company: they run beside the others, and speak at the end.
BESIDE := -m 'terraform and not applied'
define LAST
	@said=$$(mktemp); trap 'rm -f "$$said"' EXIT; failed=0; \
	$(BIN)/python -m pytest $(BESIDE) $(ARGS) >"$$said" 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest $(ALONE) $(ARGS) || [ $$? = 5 ] || failed=1; \
	wait $$beside || [ $$? = 5 ] || failed=1; \
	cat "$$said"; exit $$failed
endef

# What makes a release is in release/, which no wheel holds.
RELEASE := PYTHONPATH=release $(BIN)/python -m athena_release

# FOR=90s ends the demo by itself, GUARD=enforce lets it stop queries; LARGE=1 makes benchmarks long; ARGS goes to pytest (make test ARGS='-k lookup').
FOR ?=
GUARD ?=
LARGE ?=
ARGS ?=
# A folder with advisories (make audit), a version of the changelog, a tag that is being released.
ADVISORIES ?=
VERSION ?=
TAG ?=

.PHONY: help setup fmt format-check lint types layers dashboards panels generated test coverage check terraform terraform-apply scan demo fuzz tpc soak versions chaos chaos-faults chaos-safeties bench peers audit sbom wheel release-notes release lock upgrade clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## create .venv with the locked dependencies (done by every other target, when needed)
	@echo "setup: .venv is ready"

$(READY): requirements/dev.txt requirements/grafana-floor.txt pyproject.toml
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || { \
		echo "setup: Python 3.11 or newer is needed, found: $$($(PYTHON) --version 2>&1)." \
			"Install one (Debian 12: apt-get install python3) or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "setup: $(PYTHON) lacks the venv module: apt-get install python3-venv" >&2; exit 1; }
	@echo "setup: installing the locked dependencies into .venv (only when they changed)"
	@$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 \
		|| $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --no-warn-conflicts \
		--target .venv/grafana-floor -r requirements/grafana-floor.txt
	@touch $(READY)

fmt: $(READY) ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

format-check: $(READY) ## is the code formatted?
	@$(BIN)/ruff format --check .

lint: $(READY) ## ruff, every rule but those that pyproject.toml gives a reason against
	@$(BIN)/ruff check .

types: $(READY) ## mypy, strict
	@$(BIN)/mypy

layers: $(READY) ## do the imports follow the data?
	@$(BIN)/lint-imports

dashboards: $(READY) ## write dashboards, alert rules and the documents that come from code
	@$(BIN)/python -m athena_dashboards

panels: $(READY) ## what every query of every dashboard answers, in a company with a month behind it (a minute or two)
	@PYTHONPATH=tests/support $(BIN)/python -m panels $(ARGS)

generated: $(READY) ## the contracts alone: generated files, documents, the repository's own rules (part of test)
	@$(BIN)/python -m pytest tests/contract $(ARGS)

test: $(READY) ## every test; ARGS goes to pytest: make test ARGS='-k lookup'
	@$(BIN)/python -m pytest $(TOGETHER) $(ARGS) || [ $$? = 5 ]
	$(LAST)

# Counting branches makes the product half as fast: what starts it as processes, with clocks that tick, runs without.
coverage: $(READY) ## every test, with the branches counted that all pass but those that start processes
	@$(BIN)/python -m pytest $(TOGETHER) --cov --cov-report=term $(ARGS)
	$(LAST)

check: format-check lint types layers scan test ## all of the above, the tests once and uncounted: what CI runs

# The AWS provider: a folder of `terraform init -plugin-dir`, else what terraform itself fetches, once.
PROVIDER := .venv/terraform
terraform: $(READY) $(SCANNERS) ## the tests of terraform/; fetches the AWS provider unless TF_PLUGIN_DIR names a folder that has it
	@[[ -n "$${TF_PLUGIN_DIR:-}" || -d $(PROVIDER)/providers ]] || { \
		echo "terraform: fetching the AWS provider into $(PROVIDER), once"; \
		TF_DATA_DIR=$(CURDIR)/$(PROVIDER) terraform -chdir=tests/terraform/world init -backend=false -input=false >/dev/null; }
	@TERRAFORM_REQUIRED=true $(BIN)/python -m pytest tests/terraform -m 'not applied' $(ARGS)

terraform-apply: $(READY) ## apply and destroy the data account by the real provider against moto (five minutes); after `make terraform`
	@TERRAFORM_REQUIRED=true $(BIN)/python -m pytest tests/terraform/test_applied.py $(ARGS)

scan: $(SCANNERS) ## checkov over terraform/; .checkov.yaml gives a reason for each rule that is left out
	@$(dir $(SCANNERS))bin/checkov --config-file .checkov.yaml

demo: $(READY) ## the exporter on a simulated AWS account, no credentials; FOR=90s ends by itself, GUARD=enforce
	@$(BIN)/python -m athena_testbed.demo $(if $(FOR),--for $(FOR)) $(if $(GUARD),--guard $(GUARD))

fuzz: $(READY) ## whatever others may send or write, 100,000 of each kind (a quarter of an hour); FUZZ_SEED=8 chooses others
	@FUZZ_ROUNDS=100000 $(BIN)/python -m pytest tests/fuzz $(ARGS)

tpc: $(READY) ## the tables of all 121 TPC-DS and TPC-H queries (downloads sqlglot's source distribution)
	@$(BIN)/python benchmarks/tpc.py

# SIZE=full: a million queries and 100 kills, then each kind of kill by itself in a large form; FAULTS='disk full,500'
# switches single faults on alone, SAFETY_OFF=lease one safety off.
SIZE ?= normal
SEED ?= 1
FAULTS ?=
SAFETY_OFF ?=
CHAOS = PYTHONPATH=tests/support $(BIN)/python -m chaos --seed $(SEED)
chaos: $(READY) ## 100,000 queries through 20 kills and every kind of fault (eight minutes); SIZE=full, FAULTS=, SEED=, SAFETY_OFF=
	@$(CHAOS) --size $(SIZE) $(if $(FAULTS),--faults '$(FAULTS)') $(if $(SAFETY_OFF),--safety-off $(SAFETY_OFF)) $(ARGS)
	@[[ "$(SIZE)" != full ]] || KILLED_QUERIES=20000 DELIVERY_EVENTS=50000 DELIVERY_OUTAGE=12 $(BIN)/python -m pytest \
		tests/process/test_killed_exporter.py tests/process/test_delivery.py

chaos-faults: $(READY) ## each fault alone, in the form that CI runs with all of them (twenty minutes); SEED=
	@$(CHAOS) --each --size ci $(ARGS)

chaos-safeties: $(READY) ## each safety off in turn, to show that chaos fails without it (ten minutes)
	@$(CHAOS) --safeties $(ARGS)

bench: $(READY) ## the benchmarks, with the facts of this machine, into docs/benchmarks.md (half an hour, on a quiet machine); ONLY='scrape scale', LARGE=1 for ten million queries of history
	@$(BIN)/python benchmarks/run.py $(if $(LARGE),--large) $(if $(ONLY),--only $(ONLY))

soak: $(READY) ## thirty days of 30,000 queries by a clock that jumps, into docs/benchmarks.md (an hour or two); DAYS=10 PER_DAY=5000
	@$(BIN)/python benchmarks/soak/run.py --write $(if $(DAYS),--days $(DAYS)) $(if $(PER_DAY),--per-day $(PER_DAY)) $(ARGS)

versions: $(READY) ## keep what this version writes for the tests of upgrades (before a release, after a change of a schema)
	@$(BIN)/python tests/support/keep_version.py

peers: $(READY) ## two exporters of CloudWatch's metrics beside this one, into docs/benchmarks.md (40 minutes; Go, Java, Maven)
	@$(BIN)/python benchmarks/peers/run.py $(ARGS)

audit: $(READY) $(SCANNERS) ## known vulnerabilities of all that is locked, by pip-audit; ADVISORIES=FOLDER asks a local database
	@$(RELEASE) audit --program $(dir $(SCANNERS))bin/pip-audit $(if $(ADVISORIES),--advisories '$(ADVISORIES)')

sbom: $(READY) $(SCANNERS) ## the bill of materials into dist/, CycloneDX in JSON, judged by its schema
	@$(RELEASE) sbom --schemas $(dir $(SCANNERS))lib/python*/site-packages/cyclonedx/schema/_res

wheel: $(READY) ## wheel and source distribution into dist/, then the wheel in a clean environment from the locked hashes
	@rm -f dist/*.whl dist/*.tar.gz
	@$(BIN)/python -m hatchling build --directory dist --target sdist --target wheel
	@WHEEL_FOLDER=$(CURDIR)/dist $(BIN)/python -m pytest tests/process/test_wheel.py $(ARGS)

release-notes: $(READY) ## what the changelog says of a version, by default the code's: make release-notes VERSION=Unreleased
	@$(RELEASE) notes $(VERSION)

release: $(READY) ## everything that is published beside the images, into dist/: wheel, sources, bill of materials, notes, checksums
	@$(RELEASE) ready $(if $(TAG),--tag '$(TAG)')
	@rm -rf dist
	@$(MAKE) wheel sbom
	@$(RELEASE) notes >dist/RELEASE_NOTES.md
	@$(RELEASE) sums

# checkov needs versions of its own, years old, of what the product needs too: it has a venv of its own.
$(SCANNERS): requirements/scanners.txt $(UV)
	@echo "setup: installing the scanners into .venv/scanners (only when they changed)"
	@$(PYTHON) -m venv --clear --without-pip .venv/scanners
	@$(UV) pip install --quiet --python .venv/scanners/bin/python --require-hashes --only-binary :all: \
		-r requirements/scanners.txt
	@touch $(SCANNERS)

# The lock names no index and no host, so that it installs from wherever pip is set up to look.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

$(UV): Makefile
	@$(PYTHON) -m venv --clear .venv/lock
	@.venv/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $(UV)

lock: $(UV) ## write requirements/*.txt after a change of pyproject.toml or dev.in; keeps the versions it can
	@$(COMPILE) $(UPGRADE) pyproject.toml --extra charts --extra history -o requirements/runtime.txt
	@$(COMPILE) $(UPGRADE) pyproject.toml --extra charts --extra history --group testbed --group dashboards requirements/dev.in -o requirements/dev.txt
	@$(COMPILE) $(UPGRADE) -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	@$(COMPILE) $(UPGRADE) pyproject.toml --group testbed -c requirements/dev.txt -o requirements/testbed.txt
	@$(COMPILE) $(UPGRADE) requirements/scanners.in -o requirements/scanners.txt
	@$(COMPILE) $(UPGRADE) requirements/grafana-floor.in -o requirements/grafana-floor.txt

upgrade: ## lock the newest versions
	@$(MAKE) lock UPGRADE=--upgrade

clean: ## remove what the tools leave behind (.venv stays)
	@rm -rf .coverage .coverage.* .demo .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +
