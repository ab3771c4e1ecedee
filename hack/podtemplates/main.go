// SPDX-License-Identifier: Apache-2.0

// Command podtemplates writes the digests of the pod templates of every sample with
// every bundled release. A workload whose template changes restarts its pods, so the
// file shows which pods an upgrade of the operator restarts. A test compares it with what
// is rendered, and requires a line in CHANGELOG.md for each change of the file. Run it in the root directory of the repository.
package main

import (
	"fmt"
	"os"

	"github.com/gloo-operator/gloo-operator/internal/cli"
)

func main() {
	cli.RenderIfChild()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./hack/podtemplates FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "podtemplates:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	rows, err := collect("config/samples")
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(document(rows)), 0o644)
}
