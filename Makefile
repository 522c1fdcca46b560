# make up     start a cluster on this machine        make test   run everything that tests this project
# make down   stop it, leave nothing behind          make bench  measure it

SHELL := /bin/bash
export CGO_ENABLED ?= 0

VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# What the built-in kubectl says of itself (`kubectl version`): the release of
# the libraries that it is made of.
KUBERNETES      := $(shell sed -n 's/^const Kubernetes = "\(.*\)"/\1/p' internal/version/version.go)
KUBECTL_VERSION := $(foreach v,gitVersion=v$(KUBERNETES) gitMajor=$(word 1,$(subst ., ,$(KUBERNETES))) \
	gitMinor=$(word 2,$(subst ., ,$(KUBERNETES))) gitCommit=$(VERSION) gitTreeState=,-X k8s.io/component-base/version.$(v))

# What containerd says of itself (`kubectl get nodes -o wide`).
CONTAINERD         := github.com/containerd/containerd/v2
CONTAINERD_VERSION := -X $(CONTAINERD)/version.Version=$(shell sed -n 's|^\s*$(CONTAINERD) v\(\S*\).*|\1|p' go.mod)

LDFLAGS   := -s -w -X skiff/internal/version.GitCommit=$(VERSION) $(KUBECTL_VERSION) $(CONTAINERD_VERSION)
# What no one here uses and would be linked all the same: plug-ins of NRI in
# WebAssembly, and grpc's debug pages.
GOTAGS    := nri_no_wasm,grpcnotrace
# The same for the binary and for what tests and measures it, so that packages
# are compiled once; only the race detector needs them a second time.
GOBUILD   := -trimpath -tags '$(GOTAGS)'
GOSOURCES := $(shell find cmd internal -name '*.go' -not -name '*_test.go') go.mod go.sum

.PHONY: up down build test unit e2e bench bench-api bench-scale deps clean generate

up: build
	@bin/skiff up $(UPFLAGS)

down:
	@bin/skiff down

build: bin/skiff bin/kubectl

include internal/runtime/helpers.mk

# The pause program needs a C compiler, and is the first thing to be built.
$(HELPERS_BUILT)/pause: | deps

# Copied, since the linker writes through a mapping, which leaves the file in
# the page cache in large pieces: whoever runs it then maps some 17 MB more of
# it than it uses, until the machine starts again.
bin/skiff: $(GOSOURCES) $(HELPERS_DIR)/SHA256SUMS | deps
	go build $(GOBUILD) -ldflags '$(LDFLAGS)' -o $@.linked ./cmd/skiff
	@install $@.linked $@ && rm $@.linked

bin/kubectl: bin/skiff
	@ln -sf skiff $@

# The system packages that skiff itself needs: runc to run containers, a C
# compiler for the pause program.
deps:
	@$(call install,runc,runc)
	@$(call install,cc,gcc libc6-dev)

# The packages that only the tests need.
testdeps: deps
	@$(call install,curl,curl)
	@$(call install,nft,nftables)
	@$(call install,ip,iproute2)

define install
if ! command -v $(1) >/dev/null; then echo "installing $(2)"; { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2); } >/dev/null || { echo "$(1) is missing, and apt-get could not install it: install $(2) as root, and run make again" >&2; exit 1; }; fi
endef

test: build testdeps unit e2e

# Informers share the server's own objects: in tests, whoever writes to one
# panics.
unit e2e: export KUBE_CACHE_MUTATION_DETECTOR = true

# The rules of the source come first: they take seconds. Then unit and
# integration tests, under the race detector (which needs cgo). Those that run a
# container runtime of their own come last, one at a time.
CONTAINERS := ./internal/kubelet ./internal/runtime ./test/images

unit:
	go test $(GOBUILD) ./internal/archtest
	CGO_ENABLED=1 go test -race -short -tags '$(GOTAGS)' $(filter-out %/archtest,$(shell go list ./cmd/... ./internal/... ./test/conformance ./test/images/...))
	CGO_ENABLED=1 go test -race -p 1 -tags '$(GOTAGS)' $(CONTAINERS)

# Real containers on this machine; needs root.
e2e: build
	go test $(GOBUILD) -count=1 -timeout 20m ./test/e2e/...

bench: build
	go run $(GOBUILD) ./test/bench

# The API server alone, with 10,000 pods.
bench-api: build
	go run $(GOBUILD) ./test/bench/api

# The largest cluster that Kubernetes promises to hold; takes some ten minutes.
bench-scale: build
	go run $(GOBUILD) ./test/bench/scale

generate:
	go generate ./...

clean:
	rm -rf bin
