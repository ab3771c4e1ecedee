// SPDX-License-Identifier: Apache-2.0

// Package istio is the catalogue of bundled Istio releases: their charts, the Kubernetes
// versions that they support and the Gateway API version that they are built against. To
// add a release, add one entry to releases and two lines to go.mod.
package istio
