// SPDX-License-Identifier: Apache-2.0

// Package cli is the operator's command line. Commands use the streams of the root
// command, and return errors instead of exiting, so that tests can run them.
package cli
