# Everything a developer or a build machine runs. One release build serves the demo, the benchmarks and the tests.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
# Tests import modules with @testable, so that one build is enough for all.
FLAGS := -c release -Xswiftc -enable-testing
BIN := .build/release
SEED ?= 1
SEEDS ?= 50000
MIGRATIONS ?= 20000
GUEST := $(or $(COLOD_CACHE),$(or $(XDG_CACHE_HOME),$(or $(HOME),/root)/.cache)/colod)/guest
SOURCES := Package.swift Sources Tests

# Debian packages: what building, the guest and the demo need, and the peers and oracles of the tests.
PACKAGES := libgnutls28-dev libzstd-dev zlib1g-dev libslirp-dev libsystemd-dev pkg-config \
	binutils cpio debian-archive-keyring iproute2 xz-utils
TEST_PACKAGES := python3-venv qemu-system-x86 qemu-user-static systemd systemd-container openssl strace zstd

# The packages of $(1) that are not installed.
missing = $(shell for p in $(1); do \
	dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; done)

# Installs the packages named in $(1), or tells how to.
define install
	@if [[ -z "$(strip $(1))" ]]; then exit 0; fi; \
	if [[ $$(id -u) != 0 ]]; then \
		echo "Missing Debian packages. Run this as root, then try again:" >&2; \
		echo "  apt-get install --no-install-recommends $(strip $(1))" >&2; \
		exit 1; \
	fi; \
	echo "deps: installing $(strip $(1))"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt="apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300"; \
	timeout 600 $$apt update </dev/null || echo "deps: apt-get update failed; trying with the lists at hand" >&2; \
	timeout 1800 $$apt install -y --no-install-recommends $(strip $(1)) </dev/null
endef

.PHONY: help deps deps-demo fetch build guest demo test interop simulate bench package generate format lint clean

help: ## Tell what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## Install what is missing from Debian (as root; else print the line to run)
	$(call install,$(call missing,$(PACKAGES) $(TEST_PACKAGES)))

# What the demo needs is less than what the tests need.
deps-demo:
	$(call install,$(call missing,$(PACKAGES)))

# Fetches the Swift packages; a network that stumbles gets two more tries.
fetch:
	@for try in 1 2 3; do \
		timeout 600 $(SWIFT) package resolve </dev/null && exit 0; \
		echo "fetch: the Swift packages could not be fetched (try $$try of 3)" >&2; sleep 5; \
	done; exit 1

build: deps-demo fetch ## Build the programs, release
	$(SWIFT) build $(FLAGS)

guest: deps-demo ## Assemble the demo's guest in a cache folder outside the repository
	config/demo/guest/assemble "$(GUEST)"

demo: build guest ## A pair protects a Redis guest; the primary is killed; nothing is lost
	$(BIN)/colobench demo --guest "$(GUEST)"

test: deps guest fetch ## Build and run all tests
	$(SWIFT) build $(FLAGS) --build-tests
	.ci/test

interop: deps fetch ## Try every feature over every transport with QEMU and colod, and print the table
	$(SWIFT) build $(FLAGS) --build-tests
	COLOD_INTEROP=all $(SWIFT) test $(FLAGS) --skip-build --disable-xctest --no-parallel --filter InteropMatrixTests

simulate: build ## Run many simulated pairs and migrations, resumable: SEED=1 SEEDS=50000 MIGRATIONS=20000
	$(BIN)/colosim pair --seed $(SEED) --runs $(SEEDS) --keep-going --state .build/simulate.state
	$(BIN)/colosim migrate --seed $(SEED) --runs $(MIGRATIONS) --keep-going \
		--state .build/simulate-migrate.state

bench: build guest ## Print the benchmark numbers of this machine
	$(BIN)/colobench mips
	$(BIN)/colobench boot --guest "$(GUEST)"
	for pages in 256 4096 16384; do $(BIN)/colobench checkpoint --dirty-pages $$pages; done
	$(BIN)/colobench failover --runs 5 --guest "$(GUEST)"
	$(BIN)/colobench protection --guest "$(GUEST)"
	$(BIN)/colobench dirty-limit
	$(BIN)/colobench qmp --during-migration
	$(BIN)/colobench migrate
	$(BIN)/colobench migrate --memory hot --content text --pages compress xbzrle
	$(BIN)/colobench postcopy
	$(BIN)/colobench migrate-guest --guest "$(GUEST)"

package: deps-demo ## Pack the programs and units for hosts without the toolchain: .build/colod.tar.gz
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path .build-static --product colod
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path .build-static --product coloctl
	rm -rf .build/package
	install -D -t .build/package/usr/bin .build-static/release/colod .build-static/release/coloctl
	install -D -m 644 -t .build/package/usr/lib/systemd/system systemd/*.service systemd/*.socket
	install -D -m 644 systemd/colod.sysusers .build/package/usr/lib/sysusers.d/colod.conf
	install -D -m 644 systemd/colod.tmpfiles .build/package/usr/lib/tmpfiles.d/colod.conf
	.ci/package-docs .build/package/usr/share/doc/colod .build-static/checkouts
	tar -C .build/package --owner=root --group=root -czf .build/colod.tar.gz usr

generate: fetch ## Write the code and docs/QMP.md that come from Sources/QAPI/Schema
	$(SWIFT) run $(FLAGS) qapigen

format: ## Format the sources in place
	$(SWIFT) format format --in-place --recursive $(SOURCES)

lint: ## Check the format
	$(SWIFT) format lint --strict --recursive $(SOURCES)

clean: ## Remove what was built (the guest's cache folder stays)
	$(SWIFT) package clean
	rm -rf .build/test.log .build/package .build/colod.tar.gz .build-static
