// SPDX-License-Identifier: Apache-2.0

package admission

// For tests of every rule in the schema.
var (
	LoadSchema = loadSchema
	Evaluate   = evaluate
)
