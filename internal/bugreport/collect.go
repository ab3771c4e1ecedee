// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"context"
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// Options say what a report is about.
type Options struct {
	Config *rest.Config
	// Name of the ServiceMeshController. Empty: all.
	Name string
	// Namespace of the operator. Empty: that of its Deployment.
	Namespace string
	// Version is that of the command.
	Version string
}

// collector reads what a report has.
type collector struct {
	Options
	Archive
	clientset kubernetes.Interface
	dynamic   dynamic.Interface
	metadata  metadata.Interface

	// meshes are the ServiceMeshControllers, and raw the same as they were read.
	meshes []*v1.ServiceMeshController
	raw    []unstructured.Unstructured
	// operators are the Deployments of the operator.
	operators []unstructured.Unstructured
	// extensions are the texts of the extensions ConfigMap.
	extensions map[string]string
	nodes      []corev1.Node
	scrubber
	// valuesUnknown: not all that users wrote as values could be read. What may contain it is left out.
	valuesUnknown bool
}

// Collect reads a report. What cannot be read is one of its Errors; it fails if the API server does
// not answer, or there is no mesh of that name.
func Collect(ctx context.Context, options Options) (*Archive, error) {
	c := &collector{Options: options}
	if err := c.connect(); err != nil {
		return nil, err
	}
	// First what has to be removed from all that follows.
	if err := c.readMeshes(ctx); err != nil {
		return nil, err
	}
	c.readOperator(ctx)
	c.readExtensions(ctx)
	c.values = values.NewRedactor(userValues(c.meshes, c.extensions))
	c.readNodes(ctx)
	c.addVersions()
	c.addNodes()
	for i := range c.meshes {
		c.addMesh(ctx, i)
	}
	c.addOperator(ctx)
	for i, message := range c.Errors {
		c.Errors[i] = c.scrub(message)
	}
	return &c.Archive, nil
}

func (c *collector) connect() error {
	config := rest.CopyConfig(c.Config)
	config.Timeout = requestTimeout
	config.QPS, config.Burst = requestsPerSecond, requestsPerSecond
	config.WarningHandler = rest.NoWarnings{}
	var err error
	if c.clientset, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	c.metadata, err = metadata.NewForConfig(config)
	return err
}

// failed notes what could not be read, and why.
func (c *collector) failed(what string, err error) {
	c.Errors = append(c.Errors, fmt.Sprintf("%s: %v", what, err))
}

// addYAML adds a file with a value that has no more than is to be shown.
func (c *collector) addYAML(name string, value any) {
	content, err := yaml.Marshal(value)
	if err != nil {
		c.failed("writing "+name, err)
		return
	}
	c.add(name, content)
}

// addObjects adds a file with objects, sanitized. Note is its first line.
func (c *collector) addObjects(name, note string, objects ...map[string]any) {
	content := []byte("# " + note + "\n")
	for _, object := range objects {
		document, err := c.document(object)
		if err != nil {
			c.failed("writing "+name, err)
			return
		}
		content = append(append(content, "---\n"...), document...)
	}
	c.add(name, content)
}

// fileName is the name of a file in a directory. Names of Kubernetes have no slash.
func fileName(directory, name string) string { return path.Join(directory, name) }
