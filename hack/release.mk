# Releases, for the root Makefile to include: see docs/releasing.md.
#   VERSION      semantic version with a leading v, such as v0.1.0
#   DIST         directory of the release
#   RELEASE_KEY  file of the private key that signs it; without one, it is not signed
#   PUSH         oci://HOST/PATH to push it to, with the credentials of docker login
#   KEY          file of the public key that verifies the signatures
#   BUILDER      URI of who builds, for the provenance; CI names its workflow
DIST ?= dist
RELEASE_KEY ?=
KEY ?=
BUILDER ?=

RELEASE_PLATFORMS := linux-amd64 linux-arm64 darwin-amd64 darwin-arm64
RELEASE_BINARIES := $(RELEASE_PLATFORMS:%=bin/release/%/gloo-operator)
COMMIT_TIME = TZ=UTC git log -1 --date=iso-strict-local --format=%cd
SIGN = go -C hack/release/sign run . -dist='$(abspath $(DIST))'

.PHONY: release release-check release-verify bundle $(RELEASE_BINARIES)

release: release-check $(RELEASE_BINARIES) ## Write a release to dist/ (VERSION=v0.1.0 RELEASE_KEY=cosign.key PUSH=oci://host/path)
	@go run ./hack/image -output=bin/release/image -version='$(VERSION)' -revision="$$(git rev-parse HEAD)" \
		-created="$$($(COMMIT_TIME))" $(filter bin/release/linux-%,$(RELEASE_BINARIES))
	@go run ./hack/release write --dist='$(DIST)' --version='$(VERSION)' --revision="$$(git rev-parse HEAD)" \
		--created="$$($(COMMIT_TIME))" $(if $(BUILDER),--builder='$(BUILDER)') $(RELEASE_BINARIES)
	@$(SIGN) -key='$(abspath $(RELEASE_KEY))'
	@$(if $(PUSH),go run ./hack/release push --dist='$(DIST)' '$(PUSH)')

# A release names its commit, so nothing may differ from it.
release-check:
	@[[ '$(VERSION)' =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]] || { echo 'make release VERSION=v0.1.0: VERSION is a semantic version with a leading v' >&2; exit 1; }
	@[ -z "$$(git status --porcelain)" ] || { echo 'make release: commit the changes first, or move them away: git status lists them' >&2; exit 1; }

bundle: ## Write and validate a bundle for the Operator Lifecycle Manager, in bin/olm (VERSION=v0.1.0)
	@go run ./hack/bundle -version='$(VERSION)' -created="$$($(COMMIT_TIME))" -output=bin/olm
	@go -C hack/bundle/validate run . '$(CURDIR)/bin/olm'

release-verify: ## Verify a release as a user does (DIST=dist KEY=cosign.pub)
	@go run ./hack/release verify '$(DIST)'
	@$(SIGN) -verify='$(abspath $(KEY))'

$(RELEASE_BINARIES): override RELEASE = $(VERSION)
$(RELEASE_BINARIES): bin/release/%/gloo-operator: gateway-api
	@echo "building $@"
	@CGO_ENABLED=0 GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) go build -buildvcs=true -trimpath \
		-ldflags '$(LDFLAGS)' -o $(@D)/ $(PROGRAMS)
