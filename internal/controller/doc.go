// SPDX-License-Identifier: Apache-2.0

// Package controller carries out what internal/rollout, internal/plan and internal/status
// decide, and is the only package that changes the cluster on their behalf. An attempt runs
// the steps of steps.go up to the first that is blocked; a resource that is being deleted goes
// to delete.go, and one that cannot be decoded to undecodable.go. It never sleeps or waits: the watch
// on what it waits for starts the next attempt.
package controller
