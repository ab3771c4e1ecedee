// SPDX-License-Identifier: Apache-2.0

// Package gatewayapi bundles the CRDs of the Gateway API's standard channel, and decides
// whether they are installed in a cluster that may already have some. It is pure.
package gatewayapi
