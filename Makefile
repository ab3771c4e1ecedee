# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. Recipes are short: logic is in Go, below hack/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# VERSION is the Istio version for the demo, empty means the sample's own; and that of a release.
VERSION ?=
TEST_TIMEOUT ?= 45m
FUZZ_TIME ?= 1m

RELEASE ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS = -s -w -X github.com/gloo-operator/gloo-operator/internal/cli.version=$(RELEASE)
PROGRAMS := ./cmd/gloo-operator ./cmd/gloo-operator-probe
TOOL := go tool -modfile=hack/tools/lint/go.mod
CRDS := internal/gatewayapi/crds
COPIED := bin/.gateway-api-copied
NOTES := internal/istio/upgradenotes/notes.json

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: gateway-api ## Build bin/gloo-operator and bin/gloo-operator-probe
	@echo "building bin/gloo-operator"
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ $(PROGRAMS)

# An image needs a binary for each architecture, and the probe next to it; go builds anew
# only what has changed.
ARCHITECTURES ?= amd64 arm64
BINARIES := $(ARCHITECTURES:%=bin/linux-%/gloo-operator)

.PHONY: image $(BINARIES)
image: $(BINARIES) ## Make the image for amd64 and arm64, and what is in it, in bin/image (PUSH=registry/name:tag pushes it)
	@go run ./hack/image -version='$(RELEASE)' -revision="$$(git rev-parse HEAD)" \
		-created="$$(TZ=UTC git log -1 --date=iso-strict-local --format=%cd)" -push='$(PUSH)' $(BINARIES)

$(BINARIES): bin/linux-%/gloo-operator: gateway-api
	@echo "building $@"
	@CGO_ENABLED=0 GOOS=linux GOARCH=$* go build -trimpath -ldflags '$(LDFLAGS)' -o $(@D)/ $(PROGRAMS)

.PHONY: gateway-api
gateway-api: $(COPIED) $(NOTES) ## Copy the Gateway API CRDs and Istio's upgrade notes from the Go module cache, once

ifeq ($(wildcard $(CRDS)/v*),)
.PHONY: $(COPIED)
endif
$(COPIED): hack/gatewayapi/go.mod hack/gatewayapi/main.go
	cd hack/gatewayapi && go run . ../../$(CRDS)
	@mkdir -p $(@D) && touch $@

$(NOTES): go.mod internal/istio/catalogue.go hack/upgradenotes/main.go
	@go run ./hack/upgradenotes $@

# SUITES run on clusters of their own, two at a time: mostly they wait.
SUITES := ./test/cluster/... $(addprefix ./test/suites/,lifecycle adoption drift bench chart alerts)

# PORTIONS=4 tries a quarter of what suites try many times over, another one after each commit.
PORTION = $(if $(PORTIONS),TEST_PORTION=$(or $(shell git rev-list --count HEAD),0)/$(PORTIONS))

.PHONY: test
test: gateway-api tools ## Run all tests but those of test-faults and test-e2e (PORTIONS=1 KUBERNETES=1.36)
	go test -timeout=$(TEST_TIMEOUT) ./api/... ./cmd/... ./config/... ./hack/... ./internal/... ./test/harness/... ./test/e2e/imagebuild ./test/e2e/workload
	cd test/e2e/ztunnelstandin && go test ./...
	cd test/gitops && go test ./...
	cd hack/release/sign && go test ./...
	cd hack/bundle/validate && go test ./...
	$(PORTION) TEST_KUBERNETES=$(KUBERNETES) go test -timeout=$(TEST_TIMEOUT) -p=2 $(SUITES)

# MATRIX are minor versions of Kubernetes, all that there are by default.
.PHONY: test-matrix
test-matrix: gateway-api tools ## Test on older Kubernetes (MATRIX="1.36 1.33"; RECORD=1 writes docs/kubernetes.json)
	go run ./hack/matrix $(if $(RECORD),-record) $(MATRIX)

# The image has the binary that is measured.
ARCHITECTURE := $(shell go env GOARCH)
BENCH = go test -timeout=80m ./test/suites/bench -v -nodes=$(NODES) -operator=$(CURDIR)/bin/linux-$(ARCHITECTURE)/gloo-operator -image=$(CURDIR)/bin/image

.PHONY: bench bench-quick bench-image
bench-image: gateway-api tools
	@$(MAKE) --no-print-directory image ARCHITECTURES=$(ARCHITECTURE)

bench: bench-image ## Compare with helm, istioctl and a bound, in bin/bench.json (ROUNDS=5 NODES=10 LARGE=1000)
	$(BENCH) -rounds=$(or $(ROUNDS),5) -large=$(or $(LARGE),1000) -report=$(CURDIR)/bin/bench.json

bench-quick: bench-image ## The same in two minutes: one round, and no large cluster
	$(BENCH) -rounds=1 -samples=1 -quiet=10s -report=$(CURDIR)/bin/bench-quick.json

# BASE is the output of an earlier run to compare with.
.PHONY: bench-micro
bench-micro: gateway-api ## Benchmarks of single functions, in bin/bench-micro.txt (BASE=an earlier one)
	@mkdir -p bin
	go test -run='^$$' -bench=. -count=6 ./internal/apply ./internal/health ./internal/plan ./internal/values > bin/bench-micro.txt
	@go tool -modfile=hack/tools/perf/go.mod benchstat $(BASE) bin/bench-micro.txt

.PHONY: test-faults
test-faults: gateway-api tools ## Kill the operator at every write, and break what it stands on (PORTIONS=1)
	$(PORTION) go test -timeout=45m ./test/suites/faults

.PHONY: test-e2e
test-e2e: gateway-api tools tools-real ## Test on real nodes, and with Istio's own programs, as root: see docs/real-nodes.md
	go test -timeout=45m ./test/e2e/nodes # alone: pods of other nodes look to it like leftovers
	go test -timeout=45m -p=2 ./test/e2e/images ./test/e2e/mesh ./test/e2e/ztunnel

.PHONY: fuzz
fuzz: gateway-api ## Look for input that the operator answers badly (FUZZ_TIME=1m)
	go test ./internal/plan -run='^$$' -fuzz=FuzzBuild -fuzztime=$(FUZZ_TIME)

# PURE are the packages whose unit tests have to notice mutations.
PURE ?= component rollout status health preflight values plan

# RECORD=1 writes the numbers of all packages into docs/mutation.md.
.PHONY: mutate
mutate: gateway-api ## Mutate the pure packages: unit tests must notice 90 % (PURE="rollout status")
	go run ./hack/mutate $(if $(RECORD),-record) $(addprefix ./internal/,$(PURE))

.PHONY: verify
verify: ## Check what tests do not: generated files, linters, workflows, licences, a clean clone, docs
	go run ./hack/verify

# VULNDB is the database of vulnerabilities: an address, or file:// and a directory.
VULNDB ?= https://vuln.go.dev

.PHONY: audit
audit: gateway-api ## Look for known vulnerabilities in what the operator and the probe call (VULNDB=https://vuln.go.dev)
	@go tool -modfile=hack/tools/vuln/go.mod govulncheck -db='$(VULNDB)' $(PROGRAMS) || { \
		[ $$? -eq 3 ] || echo "audit: nothing was checked; VULNDB=ADDRESS names a copy of $(VULNDB), if that cannot be reached" >&2; \
		exit 1; }

.PHONY: lint
lint: ## Run the linters
	$(TOOL) golangci-lint run ./...

.PHONY: generate
generate: gateway-api ## Write the generated code, CRD, chart and doc tables
	$(TOOL) controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...
	$(TOOL) controller-gen crd paths=./api/... output:crd:dir=config/crd
	go run ./hack/docs README.md docs/releases.md docs/upgrades.md docs/preflight.md docs/metrics.md docs/alerts.md docs/performance.md docs/security.md docs/api.md docs/gitops.md docs/troubleshooting.md
	cd hack/plot && go run . ../../docs/performance.json ../../docs/performance.svg && go run . overview ../../docs/overview.svg
	go run ./hack/chart
	go run ./hack/rbac charts/gloo-operator/templates/rbac.yaml
	go run ./hack/kustomize
	go run ./hack/podtemplates docs/pod-templates.md
	go run ./hack/statuses test/gitops/testdata/statuses.yaml

.PHONY: demo
demo: build ## From one manifest to a mesh, on a local Kubernetes (VERSION=1.29.1 NODES=10), or as root with REAL=1 node whose pods run
	@go run ./hack/demo -version='$(VERSION)' -nodes='$(NODES)' -real='$(REAL)'

.PHONY: demo-down
demo-down: ## Stop the demo's operator and cluster
	@go run ./hack/demo -down

.PHONY: recording
recording: build ## Record the demo and an upgrade in docs/demo.svg
	@go run ./hack/recording
	@go run ./hack/demo -down

.PHONY: clean
clean: ## Remove what make built in this directory
	rm -rf bin dist $(CRDS)/v* $(NOTES)

include hack/cluster.mk hack/release.mk
