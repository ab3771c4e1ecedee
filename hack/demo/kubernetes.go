// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type object = unstructured.Unstructured

// fieldOwner is that of kubectl apply --server-side, so that a person can go on
// with kubectl without a conflict.
const fieldOwner = client.FieldOwner("kubectl")

// readObjects reads the documents of a YAML file.
func readObjects(path string) ([]*object, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var objects []*object
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096); ; {
		read := &object{}
		err := decoder.Decode(&read.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		if len(read.Object) > 0 {
			objects = append(objects, read)
		}
	}
}

// readSample reads a manifest of one object and puts the version in, if any.
func readSample(path, version string) (*object, error) {
	objects, err := readObjects(path)
	if err != nil {
		return nil, err
	}
	if len(objects) != 1 {
		return nil, fmt.Errorf("%s holds %d objects, the demo takes one", path, len(objects))
	}
	if version == "" {
		return objects[0], nil
	}
	return objects[0], unstructured.SetNestedField(objects[0].Object, version, "spec", "version")
}

func versionOf(manifest *object) string {
	version, _, _ := unstructured.NestedString(manifest.Object, "spec", "version")
	return version
}

func apply(ctx context.Context, kube client.Client, o *object) error {
	configuration := client.ApplyConfigurationFromUnstructured(o.DeepCopy())
	if err := kube.Apply(ctx, configuration, fieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

func established(crd *object) bool {
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition, _ := c.(map[string]any)
		return condition["type"] == string(apiextensionsv1.Established) && condition["status"] == "True"
	})
}
