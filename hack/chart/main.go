// SPDX-License-Identifier: Apache-2.0

// Command chart writes those files of the operator's chart that are made of others:
// values.schema.json and the docs of the values from values.yaml and the CRD, the
// template with the CRD, and the name of the newest Istio release in Chart.yaml. Run
// it in the root folder of the repository.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

const (
	chartFolder = "charts/gloo-operator"
	crdFile     = "config/crd/operator.gloo.solo.io_servicemeshcontrollers.yaml"
	docsFile    = "docs/values.md"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

func run() error {
	values, err := readValues(filepath.Join(chartFolder, "values.yaml"))
	if err != nil {
		return err
	}
	schema, err := schemaFile(values)
	if err != nil {
		return err
	}
	crd, err := os.ReadFile(crdFile)
	if err != nil {
		return err
	}
	kept, err := keep(string(crd))
	if err != nil {
		return fmt.Errorf("%s: %w", crdFile, err)
	}
	metadata, err := os.ReadFile(filepath.Join(chartFolder, "Chart.yaml"))
	if err != nil {
		return err
	}
	return errors.Join(
		write(filepath.Join(chartFolder, "values.schema.json"), schema),
		write(filepath.Join(chartFolder, "templates", "crd.yaml"), kept),
		write(filepath.Join(chartFolder, "Chart.yaml"), newest(string(metadata))),
		write(docsFile, docs(values)),
	)
}

func write(file, text string) error { return os.WriteFile(file, []byte(text), 0o644) }

// keep makes a template of the CRD: as a template it is upgraded by helm upgrade, and
// the annotation lets it outlive helm uninstall, since all meshes would go with it.
func keep(crd string) (string, error) {
	if strings.Contains(crd, "{{") {
		return "", errors.New("holds what Helm would take for a template")
	}
	const annotations = "  annotations:\n"
	if strings.Count(crd, annotations) != 1 {
		return "", errors.New("has no annotations, or several")
	}
	kept := strings.Replace(crd, annotations, annotations+"    helm.sh/resource-policy: keep\n", 1)
	return "{{- /* Written by hack/chart: run make generate. */ -}}\n" + kept, nil
}

var newestLine = regexp.MustCompile(`(?m)^(  gloo-operator/newest-istio: ).*$`)

// newest names the newest release, for the chart's notes.
func newest(metadata string) string {
	versions := istio.Versions()
	return newestLine.ReplaceAllString(metadata, "${1}"+versions[len(versions)-1])
}
