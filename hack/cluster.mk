# Local Kubernetes clusters, for the root Makefile to include.
#   NODES   number of simulated nodes
#   NAME    name of the cluster; several can run side by side
NODES ?= 10
NAME ?= default
KUBELET_VERSION ?= v1.37.2+k3s1

.PHONY: cluster-up cluster-down cluster-status cluster-list tools

cluster-up: ## Start a local Kubernetes with simulated nodes (NODES=10 NAME=default)
	@go run ./hack/cluster up --name=$(NAME) --nodes=$(NODES) --kubelet-version=$(KUBELET_VERSION)

cluster-down: ## Stop it and remove its state (NAME=default)
	@go run ./hack/cluster down --name=$(NAME)

cluster-status: ## Show what of it runs, and its KUBECONFIG (NAME=default)
	@go run ./hack/cluster status --name=$(NAME)

cluster-list: ## List all local clusters
	@go run ./hack/cluster list

tools: ## Put Kubernetes, etcd, kwok, and helm, istioctl, a registry and Prometheus for tests into the user's cache, once
	@go run ./hack/cluster tools
