# Every way to build, try, test and measure Granary. `make` alone lists them; every other target first runs `setup`.
# On a machine without make, `sh scripts/setup` installs it with the rest.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint bench

# rustup's folder, for shells that were open before rustup was installed.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Install what the build needs (says what, first); quick when all is there
	@scripts/setup

build: setup ## Build the three programs
	@scripts/build

demo: setup ## Run the demo city; ONCE=1 ends by itself
	@ONCE=$(ONCE) deploy/demo/run.sh

test: setup ## Run every test
	@scripts/test

lint: setup ## Check formatting, clippy, documentation, dependencies and the house rules
	@scripts/lint

bench: setup ## Measure against the machine's own limits; ONLY=ingest runs one part
	@scripts/build -q
	@"$${CARGO_TARGET_DIR:-target}/debug/granary-bench" $(ONLY)
