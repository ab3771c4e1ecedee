// SPDX-License-Identifier: Apache-2.0

// Command rbac writes the operator's roles as a template of its chart. The rules are
// those that the plans of all releases with all options need, as rendered from
// Istio's own charts, and the short list of own.go for the operator itself.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./hack/rbac FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "rbac:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	needs, err := collect()
	if err != nil {
		return err
	}
	text, err := template(append(needs.roles(), own()...))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
