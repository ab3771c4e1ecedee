# Local Kubernetes clusters, for the root Makefile to include.
#   NODES   number of simulated nodes
#   REAL    number of nodes whose pods really run, 1 or 2, as root: see docs/real-nodes.md
#   KUBERNETES  minor version, such as 1.36; the newest when empty
#   NAME    name of the cluster; several can run side by side
NODES ?= $(if $(filter-out 0,$(REAL)),0,10)
REAL ?= 0
NAME ?= default
KUBELET_VERSION ?= +k3s1
KUBERNETES ?=

.PHONY: cluster-up cluster-down cluster-status cluster-list tools tools-real

cluster-up: ## Start a local Kubernetes with simulated nodes (NODES=10 NAME=default), or with REAL=1 node
	@go run ./hack/cluster up --name=$(NAME) --nodes=$(NODES) --real-nodes=$(REAL) --kubelet-version=$(KUBELET_VERSION) --kubernetes=$(KUBERNETES)

cluster-down: ## Stop it and remove its state (NAME=default)
	@go run ./hack/cluster down --name=$(NAME)

cluster-status: ## Show what of it runs, and its KUBECONFIG (NAME=default)
	@go run ./hack/cluster status --name=$(NAME)

cluster-list: ## List all local clusters
	@go run ./hack/cluster list

tools: ## Put Kubernetes, etcd, kwok, and helm, istioctl, a registry and Prometheus for tests into the user's cache, once
	@go run ./hack/cluster tools --kubernetes=$(KUBERNETES)

tools-real: ## Put those of real nodes there as well: kubelet, containerd, CoreDNS, Debian's runc, Istio's programs, Envoy
	@go run ./hack/cluster tools -real
