# The two commands to know: make demo, make test. "make help" lists the rest.

SHELL := /bin/bash
GO ?= go
VERSION ?= $(shell cat VERSION)$(shell git rev-parse --short=12 HEAD 2>/dev/null | sed 's/^/+/')
GOLANGCI := .tools/golangci-lint
GOVULNCHECK := .tools/govulncheck
NFPM := .tools/nfpm
CYCLONEDX := .tools/cyclonedx-gomod
# What "make build" writes.
OUT ?= bin/imaphaul
FUZZTIME ?= 100000x
PACKAGES ?= ./...
# Many tests wait for servers and slow lines: more of them than there are processors.
# But more of them also take more memory, which is dear under the race detector.
PARALLEL ?= 4

# What is built does not depend on where: another checkout of the same source finds it in
# Go's cache.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

.DEFAULT_GOAL := build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# The same source, version and Go give the same bytes wherever they are built.
.PHONY: build
build: ## bin/imaphaul and bin/imaphaul-hub
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X github.com/imaphaul/imaphaul/internal/program.version=$(VERSION)' -o $(OUT) ./cmd/imaphaul
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION)' -o $(dir $(OUT)) ./cmd/imaphaul-hub

.PHONY: demo
demo: build ## a migration between two servers inside the program; needs only Go
	bin/imaphaul --testslive

.PHONY: setup
setup: ## fetches the servers of the integration tests (Debian, root)
	@testdata/servers/setup.sh

# The longest package goes first, so that the others fill what it leaves of the machine.
# The list bin/tests.txt shows what ran; BEFORE=file is one of another run, and what ran
# only there or only here is told. go vet is a step of its own, with all its analyses.
.PHONY: test
test: setup ## all tests, with the race detector, on real servers; BEFORE=list of another run
	$(GO) run ./cmd/testrun -list bin/tests.txt $(if $(BEFORE),-before $(BEFORE)) -- -race -vet=off -shuffle=on -parallel $(PARALLEL) $(if $(filter ./...,$(PACKAGES)),./internal/engine) $(PACKAGES)

.PHONY: test-fast
test-fast: ## the tests that need no real server
	IMAPHAUL_NO_SERVERS=1 $(GO) test $(PACKAGES)

# Not part of test: the browser is some 100 MB to fetch.
.PHONY: test-browser
test-browser: ## logs in through a page of consent in headless Chromium, then migrates
	@testdata/servers/setup.sh tls dovecot chromium
	IMAPHAUL_BROWSER=1 $(GO) test -count=1 -v -run Browser ./cmd/imaphaul

# html-validate comes from npm, pinned in testdata/pages.
.PHONY: pages
pages: ## checks the HTML of --report with html-validate (npm)
	@rm -rf bin/pages && mkdir -p bin/pages
	KEEP_PAGES=$(CURDIR)/bin/pages $(GO) test -count=1 -run "HostileTexts|ManyFolders" ./internal/htmlreport
	@cp testdata/pages/package*.json bin/pages && cd bin/pages && npm ci --ignore-scripts --no-audit --no-fund --silent
	bin/pages/node_modules/.bin/html-validate --config testdata/pages/htmlvalidate.json bin/pages/*.html

# Every fault at every command, ten minutes of faults without a pause, 30 kills on each
# server, every interesting byte of every dialogue; about an hour and a half. The first
# two write their figures to docs/reliability.md. SEED=n chooses other instants and
# samples; the one used is told.
.PHONY: chaos
chaos: setup ## kill -9 again and again, cut everywhere: nothing lost, nothing twice
	set -o pipefail; IMAPHAUL_CHAOS=full IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 60m -v ./internal/chaos/matrix -matrix | grep -v '^ *--- PASS\|^=== '
	IMAPHAUL_CHAOS=full IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 150m -v -run . ./internal/chaos -soak
	IMAPHAUL_CHAOS=full IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 180m -v \
	  -run 'Cut|Stall|Storm|Truncated|Ends|Rebuilt|Journal|Deleted|LeftRunning|Pairings|Unsound' ./internal/engine
	IMAPHAUL_CHAOS=full $(GO) test -count=1 -timeout 60m -v -run Habits ./internal/property
	IMAPHAUL_CHAOS=full IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 60m -v -run 'Operations|Spread' ./internal/follow

# Each round takes a minute or two; SEED=n chooses others.
.PHONY: drill
drill: setup ## 30 rounds of workers and a hub that are killed, stopped and cut off: nothing lost, nothing twice
	IMAPHAUL_DRILL=30 IMAPHAUL_SEED=$(SEED) $(GO) test -count=1 -timeout 120m -v -run 'HubDrill|ThreeServers' ./internal/hub ./cmd/imaphaul

.PHONY: hostile
hostile: ## what hostile servers can make the program spend, measured: writes the table of docs/reliability.md
	$(GO) test -count=1 -timeout 30m -v -run WhatAHostile ./internal/chaos -hostile

.PHONY: providers
providers: ## every model of a provider, as source and as destination, with 3,000 messages
	IMAPHAUL_PROVIDERS=full $(GO) test -count=1 -timeout 60m -v ./internal/provider/played

.PHONY: dropin
dropin: ## own command lines, and the models of providers, held against imapsync: IMAPSYNC=path/to/imapsync
	@testdata/servers/setup.sh tls dovecot
	IMAPSYNC=$(abspath $(IMAPSYNC)) $(GO) test -count=1 -timeout 40m -v -run 'CommandLines|Models' ./internal/dropin

# ROUNDS=n cases; SEED=n makes up others; KEEP=directory keeps those that fail.
ROUNDS ?= 3000
.PHONY: property
property: ## made-up moves by the thousand, held against what must always be true
	IMAPHAUL_PROPERTY=$(ROUNDS) IMAPHAUL_SEED=$(SEED) IMAPHAUL_PROPERTY_KEEP=$(abspath $(KEEP)) $(GO) test -count=1 -timeout 60m -v -run 'TestProperty$$' ./internal/property

.PHONY: bench
bench: build ## side by side with mbsync (IMAPSYNC=path: and imapsync), near and far; BENCH=-quick for less
	@testdata/servers/setup.sh tls dovecot isync
	$(GO) build -o bin/bench ./cmd/bench
	$(GO) test -c -o bin/engine.test ./internal/engine
	bin/bench -listing bin/engine.test $(BENCH)

.PHONY: bench-parts
bench-parts: ## the benchmarks of the packages
	IMAPHAUL_NO_SERVERS=1 $(GO) test -run '^$$' -bench . -benchmem $(PACKAGES)

# Each package is built for fuzzing once, not once for each target. FUZZTIME is
# a number of inputs: a time ends some runs with "context deadline exceeded",
# which is no finding (golang/go#75804).
.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (100000x inputs)
	@set -e; for dir in $$($(GO) list -f '{{.Dir}}' $(PACKAGES)); do \
	  targets=$$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$dir/*_test.go 2>/dev/null || true); \
	  [[ $$targets ]] || continue; \
	  cd $$dir; \
	  $(GO) test -c -fuzz . -o $(CURDIR)/bin/fuzz.test; \
	  for target in $$targets; do \
	    echo "$$dir $$target"; \
	    $(CURDIR)/bin/fuzz.test -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $(FUZZTIME) -test.fuzzcachedir "$$($(GO) env GOCACHE)/fuzz/$$($(GO) list)"; \
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
	@for script in testdata/servers/*.sh tools/release/*.sh .ci/run; do bash -n $$script || exit 1; done

# What runs on every system compiles on every system, tests included. Here it is built
# as lint and the fuzz targets build it, so they share what is compiled.
.PHONY: vet
vet: ## go vet for linux, darwin, windows, freebsd and 32 bits
	@set -e; for system in linux/amd64 darwin/arm64 windows/amd64 freebsd/amd64 linux/386; do \
	  echo "go vet for $$system"; \
	  if [[ $$system == $$($(GO) env GOOS)/$$($(GO) env GOARCH) ]]; then $(GO) vet $(PACKAGES); continue; fi; \
	  GOOS=$${system%/*} GOARCH=$${system#*/} CGO_ENABLED=0 $(GO) vet $(PACKAGES); \
	done

.PHONY: tidy
tidy: ## whether go.mod and go.sum say what is needed, and no more
	$(GO) mod tidy -diff
	cd tools && GOWORK=off $(GO) mod tidy -diff

$(GOVULNCHECK): tools/go.mod tools/go.sum
	@mkdir -p .tools
	cd tools && GOWORK=off $(GO) build -mod=readonly -o ../$(GOVULNCHECK) golang.org/x/vuln/cmd/govulncheck

# Without the database of vulnerabilities nothing is known: that is said, and is no
# failure of the source. Findings are one (exit code 3).
.PHONY: vuln
vuln: $(GOVULNCHECK) ## known vulnerabilities in what is linked
	@said=$$($(GOVULNCHECK) $(PACKAGES) 2>&1) && code=0 || code=$$?; echo "$$said"; \
	if [[ $$code != 0 && $$said == *"fetching vulnerabilities"* ]]; then \
	  echo "VULNERABILITIES WERE NOT CHECKED: the database (\$$GOVULNDB, https://vuln.go.dev) cannot be reached" >&2; \
	else exit $$code; fi

# A run in a terminal (tmux), as README.md shows it.
.PHONY: picture
picture: ## captures docs/live.svg from a run
	IMAPHAUL_PICTURE=1 $(GO) test -count=1 -run 'TestPicture$$' ./cmd/imaphaul

$(NFPM): tools/go.mod tools/go.sum
	@mkdir -p .tools
	cd tools && GOWORK=off $(GO) build -mod=readonly -o ../$(NFPM) github.com/goreleaser/nfpm/v2/cmd/nfpm

$(CYCLONEDX): tools/go.mod tools/go.sum
	@mkdir -p .tools
	cd tools && GOWORK=off $(GO) build -mod=readonly -o ../$(CYCLONEDX) github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

# SYSTEMS are those to build for; REPRODUCE are those that are built a second time, all
# of them if it is not set (docs/release.md).
SYSTEMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 freebsd/amd64
.PHONY: release
release: $(NFPM) $(CYCLONEDX) ## dist/: the program for each system, deb, rpm, apk, SBOM, checksums
	tools/release/release.sh $(VERSION) $(NFPM) $(CYCLONEDX) $(SYSTEMS)

.PHONY: clean
clean: ## deletes what was built here; the fetched servers stay
	rm -rf bin dist .tools
