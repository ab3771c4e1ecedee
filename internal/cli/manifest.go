// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

const meshKind = "ServiceMeshController"

// manifest is the content of a user's file.
type manifest struct {
	// mesh is the one ServiceMeshController.
	mesh *unstructured.Unstructured
	// extensions is the data of the extensions ConfigMap. Nil: there is none.
	extensions map[string]string
	// secrets are those of spec.repository.
	secrets []corev1.Secret
}

// readManifest reads a file, or standard input where its name is -.
func readManifest(name string, stdin io.Reader) (*manifest, error) {
	if name == "-" {
		return parseManifest("standard input", stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return parseManifest(name, file)
}

// parseManifest parses all documents of a file.
func parseManifest(name string, file io.Reader) (*manifest, error) {
	found := &manifest{}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(file))
	for number := 1; ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		object, err := parseDocument(document)
		if err == nil && object != nil {
			err = found.add(object)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, document %d: %w", name, number, err)
		}
		if object != nil {
			number++
		}
	}
	if found.mesh == nil {
		return nil, fmt.Errorf("%s holds no %s (%s)", name, meshKind, v1.GroupVersion)
	}
	return found, nil
}

// maxExpanded limits a document with its aliases expanded, in bytes: the API server takes
// no object of that size.
const maxExpanded = 8 << 20

// parseDocument parses one document as kubectl does, unless its aliases stand for too much.
// It returns nil for an empty one.
func parseDocument(document []byte) (*unstructured.Unstructured, error) {
	switch size, err := yamllimit.Expanded(document); {
	case err != nil:
		return nil, err
	case size.Bytes > maxExpanded, size.Values > yamllimit.MaxValues:
		return nil, errors.New("it has YAML aliases that stand for more than the API server takes: write out what they stand for, or remove it")
	}
	content, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(bytes.TrimSpace(content), []byte("null")) {
		return nil, nil
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(content, &object.Object); err != nil {
		return nil, fmt.Errorf("not a Kubernetes object: %w", err)
	}
	return object, nil
}

func (m *manifest) add(object *unstructured.Unstructured) error {
	switch {
	case object.GetKind() == meshKind:
		return m.addMesh(object)
	case object.GetAPIVersion() == "v1" && object.GetKind() == "ConfigMap" && object.GetName() == v1.ExtensionsName:
		data, _, err := unstructured.NestedStringMap(object.Object, "data")
		if err != nil {
			return fmt.Errorf("ConfigMap %s: %w", v1.ExtensionsName, err)
		}
		m.extensions = data
	case object.GetAPIVersion() == "v1" && object.GetKind() == "Secret":
		return m.addSecret(object)
	default:
		return fmt.Errorf("%q %q is neither a %s nor the ConfigMap %s nor a Secret: remove it from the file",
			object.GetKind(), object.GetName(), meshKind, v1.ExtensionsName)
	}
	return nil
}

func (m *manifest) addMesh(object *unstructured.Unstructured) error {
	if object.GetAPIVersion() != v1.GroupVersion.String() {
		return fmt.Errorf("apiVersion of a %s must be %s, not %q", meshKind, v1.GroupVersion, object.GetAPIVersion())
	}
	if m.mesh != nil {
		return fmt.Errorf("a second %s, %s: keep one per file", meshKind, object.GetName())
	}
	m.mesh = object
	return nil
}
