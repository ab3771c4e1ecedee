// SPDX-License-Identifier: Apache-2.0

// Package bugreport writes what a maintainer needs to know of a mesh into one archive. It only
// reads, with the permissions of the config, never reads a Secret, and removes what users wrote as
// values, values of environment variables, and what looks like a credential.
package bugreport
