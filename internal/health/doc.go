// SPDX-License-Identifier: Apache-2.0

// Package health interprets the state of workloads. It derives the progress of a rollout
// from a Deployment or DaemonSet, the nodes whose pods are outdated or not ready, and the
// problem that keeps pods from becoming ready, from pods and events. It is pure: it has no
// client and reads no clock.
package health
