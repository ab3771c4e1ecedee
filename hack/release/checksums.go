// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// unlisted are the files that no list of checksums can contain: the list, and signatures.
var unlisted = []string{checksumsFile, checksumsSignature, checksumsBundle, provenanceBundle, artifactsBundle}

// checksums lists the files as sha256sum does: sha256sum --check reads it.
func (c contents) checksums() []byte {
	var list bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if !slices.Contains(unlisted, name) {
			fmt.Fprintf(&list, "%s  %s\n", digest.FromBytes(c[name]).Encoded(), name)
		}
	}
	return list.Bytes()
}

// checksumLine is a digest and a file in the same directory.
var checksumLine = regexp.MustCompile(`^([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*)$`)

// checkSums compares the files with their list. Each has to be in it, and each of it has to
// be there.
func (c contents) checkSums() error {
	listed := map[string]bool{}
	for line := range strings.Lines(string(c[checksumsFile])) {
		fields := checksumLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if fields == nil {
			return fmt.Errorf("%s: %q is not a digest and a file", checksumsFile, line)
		}
		content, ok := c[fields[2]]
		switch {
		case !ok:
			return fmt.Errorf("%s is missing", fields[2])
		case digest.FromBytes(content).Encoded() != fields[1]:
			return fmt.Errorf("%s has changed: its digest is not the one in %s", fields[2], checksumsFile)
		}
		listed[fields[2]] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if !listed[name] && !slices.Contains(unlisted, name) {
			return fmt.Errorf("%s is not in %s", name, checksumsFile)
		}
	}
	return nil
}
