// SPDX-License-Identifier: Apache-2.0

// Package metricsauth authenticates and authorizes requests to the metrics endpoint, with
// a TokenReview and a SubjectAccessReview. It behaves as controller-runtime's own filter,
// without the dependency on k8s.io/apiserver, which makes up an eighth of the binary.
package metricsauth
