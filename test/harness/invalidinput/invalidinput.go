// SPDX-License-Identifier: Apache-2.0

// Package invalidinput is a table of what a person can write into a
// ServiceMeshController or into the extensions ConfigMap that cannot work, and of
// the message about it. Suites and fuzz targets share it.
package invalidinput

import "slices"

// Marker is a text that stands for a secret in values: it must be in no message, no
// event and no log.
const Marker = "Marker5f1d0c-of-a-secret"

// Case is one bad input: a change of an installed mesh.
type Case struct {
	// Name says what is wrong.
	Name string
	// Spec is a JSON merge patch of spec. Empty: none.
	Spec string
	// Extensions and Binary are the data and binaryData of the extensions ConfigMap. Nil:
	// none.
	Extensions map[string]string
	Binary     map[string][]byte
	// Reason is that of the condition Initialized. Empty: the API server refuses the
	// input, as does internal/admission.
	Reason string
	// Message is a part of the message.
	Message string
}

// Refused are the inputs that the API server does not take.
func Refused() []Case { return slices.Clone(refused) }

// Failing are the inputs that the operator cannot carry out.
func Failing() []Case { return slices.Concat(Offline(), objects) }

// Offline are those of Failing that need no cluster, or only
// a version that runs.
func Offline() []Case { return slices.Concat(kinds, structure, limits, versions, extensions) }
