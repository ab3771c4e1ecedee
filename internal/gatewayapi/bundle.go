// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

// crds is filled at build time by hack/gatewayapi.
//
//go:embed all:crds
var crds embed.FS

// ErrNotBundled reports that the binary was built without the CRDs of a version.
var ErrNotBundled = errors.New("this binary was built without the Gateway API's CRDs: build it with `make build`, " +
	"which copies them from the Go module cache (hack/gatewayapi)")

// Bundled reports whether the binary has the CRDs of that version.
func Bundled(version string) bool {
	names, err := fs.Glob(crds, path.Join("crds", version, "*.json"))
	return err == nil && len(names) > 0
}

// Bundle returns the CRDs of that version, such as v1.4.0, sorted by name. It fails with an
// error that wraps ErrNotBundled if the binary does not have them.
func Bundle(version string) ([]*unstructured.Unstructured, error) {
	return parse(crds, path.Join("crds", version))
}

func parse(files fs.FS, directory string) ([]*unstructured.Unstructured, error) {
	names, err := fs.Glob(files, path.Join(directory, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: %w", path.Base(directory), ErrNotBundled)
	}
	objects := make([]*unstructured.Unstructured, 0, len(names))
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal(content, &object.Object); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if object.GetKind() != "CustomResourceDefinition" {
			return nil, fmt.Errorf("reading %s: a bundle holds CustomResourceDefinitions, not %q", name, object.GetKind())
		}
		unstructured.RemoveNestedField(object.Object, "status")
		unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
		objects = append(objects, object)
	}
	return objects, nil
}
