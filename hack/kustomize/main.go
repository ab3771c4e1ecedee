// SPDX-License-Identifier: Apache-2.0

// Command kustomize writes the directories below config from which kustomize builds what the
// chart renders with its defaults. Run it in the root directory of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

const (
	chartDir  = "charts/gloo-operator"
	configDir = "config"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "kustomize:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	loaded, err := loader.LoadDir(filepath.Join(root, chartDir))
	if err != nil {
		return err
	}
	objects, err := manifest.Objects(loaded)
	if err != nil {
		return err
	}
	files, err := layout(objects)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := write(filepath.Join(root, configDir, name), content); err != nil {
			return err
		}
	}
	return nil
}

func write(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}
