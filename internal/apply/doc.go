// SPDX-License-Identifier: Apache-2.0

// Package apply makes the cluster's objects equal to a plan's, by server-side
// apply, and reports without a request whether they still are. It knows objects
// and no Istio.
package apply
