// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// Found is a cluster that List found.
type Found struct {
	// Dir is where its state is or, if it was removed, was: what Open and Down take.
	Dir string
	// Running is the number of its processes that exist.
	Running int
}

// NamedDir is the directory for the state of the named cluster of this user.
func NamedDir(name string) string { return filepath.Join(namedDirs(), name) }

func namedDirs() string { return filepath.Join(toolchain.UserDir(), "clusters") }

// List finds the clusters of this user: all that run, and the named ones that do not.
func List() []Found {
	running := map[string]int{}
	for _, p := range findAll() {
		running[p.cluster]++
	}
	entries, _ := os.ReadDir(namedDirs())
	for _, entry := range entries {
		running[NamedDir(entry.Name())] += 0
	}
	var found []Found
	for dir, count := range running {
		found = append(found, Found{Dir: dir, Running: count})
	}
	slices.SortFunc(found, func(a, b Found) int { return strings.Compare(a.Dir, b.Dir) })
	return found
}
