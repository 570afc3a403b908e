# Every target does its own set-up; `make` alone says what there is.
.DEFAULT_GOAL := help
BIN := .venv/bin
CORPUS ?=
# Where Node comes from the package index, it is here.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: $(BIN)/.complete ## Make .venv with opsbook and everything that developing it needs

$(BIN)/.complete: pyproject.toml uv.lock scripts/setup
	scripts/setup
	@touch $@

.PHONY: console
console: setup ## Build the pages that the server gives out
	$(BIN)/python -m scripts.build_console

.PHONY: run
run: console ## Watch a small living platform; a service is killed and comes back
	$(BIN)/opsbook demo helixflow

.PHONY: check
check: console ## Lint, types, and the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	npm --prefix console run --silent check

.PHONY: test
test: console test-servers ## Run all tests, against real servers
	npm --prefix console run --silent test
	scripts/tests $(BIN)

.PHONY: test-servers
test-servers: ## Install the Debian packages that tests start servers from
	scripts/test-servers

.PHONY: conformance
conformance: setup ## Run the Prometheus test scripts in CORPUS=DIR
	$(BIN)/python -m scripts.conformance $(CORPUS)

.PHONY: docs
docs: setup ## Generate the reference pages
	$(BIN)/python -m scripts.reference

.PHONY: screenshots
screenshots: console test-servers ## Picture every page, desktop and phone, light and dark
	$(BIN)/python -m scripts.screenshots

.PHONY: bench-detect
bench-detect: setup ## Time kill → detected → verified, beside supervisor and monit
	$(BIN)/python -m bench.detect

.PHONY: bench-checks
bench-checks: setup ## Count HTTP checks per second and CPU second, beside its peers
	$(BIN)/python -m bench.checks

.PHONY: bench-metrics
bench-metrics: setup ## Query, keep and take a day of samples, beside Prometheus and VictoriaMetrics
	$(BIN)/python -m bench.metrics

.PHONY: bench-respond
bench-respond: setup ## Time steps, runs, approvals, and SIGKILL → run → notice, on two databases
	$(BIN)/python -m bench.respond

.PHONY: bench-backups
bench-backups: setup ## Back up and restore a gigabyte of PostgreSQL, beside gzip, zstd and restic
	$(BIN)/python -m bench.backups

.PHONY: bench-alerts
bench-alerts: setup ## Time a storm of alerts and a thousand rules, beside Alertmanager and Prometheus
	$(BIN)/python -m bench.alerts

.PHONY: bench-console
bench-console: console test-servers ## Time first paint and first chart, and what open tabs cost
	$(BIN)/python -m bench.console
