// SPDX-License-Identifier: Apache-2.0

// Command bundle writes the operator's bundle for the Operator Lifecycle Manager, made from the
// chart. Run it in the root directory of the repository.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/gloo-operator/gloo-operator/hack/bundle/olm"
)

const (
	chartDir = "charts/gloo-operator"
	iconFile = "docs/icon.svg"
)

func main() {
	version := flag.String("version", "", "version of the operator, such as v0.1.0")
	created := flag.String("created", "", "time of the commit, in RFC 3339")
	output := flag.String("output", "bin/olm", "directory to write, which is replaced")
	flag.Parse()
	if err := run(*version, *created, *output); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(version, created, output string) error {
	at, err := time.Parse(time.RFC3339, created)
	if err != nil {
		return fmt.Errorf("-created: %w", err)
	}
	icon, err := os.ReadFile(iconFile)
	if err != nil {
		return err
	}
	loaded, err := loader.LoadDir(chartDir)
	if err != nil {
		return err
	}
	loaded.Metadata.Version, loaded.Metadata.AppVersion = strings.TrimPrefix(version, "v"), version
	files, err := olm.Files(olm.Source{Chart: loaded, Icon: icon, Created: at})
	if err != nil {
		return err
	}
	return write(output, files)
}

// write replaces the directory, unless it has other files than a bundle's.
func write(output string, files map[string][]byte) error {
	entries, err := os.ReadDir(output)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(output, olm.Dockerfile)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s is no bundle, because it has no %s: remove it, or write to another directory", output, olm.Dockerfile)
	}
	if err := os.RemoveAll(output); err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(output, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	fmt.Println("wrote", output)
	return nil
}
