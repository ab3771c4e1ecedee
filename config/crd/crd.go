// SPDX-License-Identifier: Apache-2.0

// Package crd holds the generated CustomResourceDefinition, for what needs the
// schema without a cluster.
package crd

import (
	_ "embed"
	"fmt"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

//go:embed operator.gloo.solo.io_servicemeshcontrollers.yaml
var serviceMeshControllers []byte

// ServiceMeshControllers parses the definition of ServiceMeshController.
func ServiceMeshControllers() (*apiextensionsv1.CustomResourceDefinition, error) {
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(serviceMeshControllers, definition); err != nil {
		return nil, fmt.Errorf("reading the CustomResourceDefinition: %w", err)
	}
	return definition, nil
}
