# The two commands to know: make demo, make test. "make help" lists the rest.

SHELL := /bin/bash
GO ?= go
VERSION ?= $(shell cat VERSION)$(shell git rev-parse --short=12 HEAD 2>/dev/null | sed 's/^/+/')
GOLANGCI := .tools/golangci-lint
FUZZTIME ?= 20s
PACKAGES ?= ./...

.DEFAULT_GOAL := build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# The same source, version and Go give the same bytes wherever they are built.
.PHONY: build
build: ## bin/imaphaul
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION)' -o bin/imaphaul ./cmd/imaphaul

.PHONY: demo
demo: build ## a migration between two servers inside the program; needs only Go
	bin/imaphaul --testslive

.PHONY: setup
setup: ## fetches the servers of the integration tests (Debian, root)
	@testdata/servers/setup.sh

.PHONY: test
test: setup ## all tests, with the race detector, on real servers
	$(GO) vet $(PACKAGES)
	$(GO) test -race -shuffle=on -timeout 25m $(PACKAGES)

.PHONY: test-fast
test-fast: ## the tests that need no real server
	IMAPHAUL_NO_SERVERS=1 $(GO) test $(PACKAGES)

# 30 kills on each server, every interesting byte of every dialogue; about an hour.
# SEED=n chooses another sequence of instants; the one used is told.
.PHONY: chaos
chaos: setup ## kill -9 again and again, cut everywhere: nothing lost, nothing twice
	IMAPHAUL_CHAOS=full IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 120m -v -run . ./internal/chaos
	IMAPHAUL_CHAOS=full IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 180m -v \
	  -run 'Cut|Stall|Storm|Torn|Ends|Rebuilt|Journal|Deleted|LeftRunning' ./internal/engine

.PHONY: dropin
dropin: ## own command lines held against imapsync's results: IMAPSYNC=path/to/imapsync
	@testdata/servers/setup.sh tls dovecot
	IMAPSYNC=$(abspath $(IMAPSYNC)) $(GO) test -count=1 -timeout 40m -v -run CommandLines ./internal/dropin

.PHONY: bench
bench: build ## side by side with mbsync (IMAPSYNC=path: and imapsync), near and far; BENCH=-quick for less
	@testdata/servers/setup.sh tls dovecot isync
	$(GO) build -o bin/bench ./cmd/bench
	$(GO) test -c -o bin/engine.test ./internal/engine
	bin/bench -listing bin/engine.test $(BENCH)

.PHONY: bench-parts
bench-parts: ## the benchmarks of the packages
	IMAPHAUL_NO_SERVERS=1 $(GO) test -run '^$$' -bench . -benchmem $(PACKAGES)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (20s)
	@set -e; for package in $$($(GO) list $(PACKAGES)); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

# Built once per pinned version; the stamp is the pin itself.
$(GOLANGCI): tools/go.mod tools/go.sum
	@mkdir -p .tools
	@echo "building golangci-lint (once, some minutes)"
	cd tools && GOWORK=off $(GO) build -mod=readonly -o ../$(GOLANGCI) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: lint
lint: $(GOLANGCI) ## golangci-lint, and the shell scripts' syntax
	$(GOLANGCI) run $(PACKAGES)
	@for script in testdata/servers/*.sh .ci/run; do bash -n $$script || exit 1; done

.PHONY: clean
clean: ## deletes what was built here; the fetched servers stay
	rm -rf bin .tools
