// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// Request is the input of a rendering.
type Request struct {
	// Release is the name of the Helm release.
	Release string
	// Namespace is the namespace of the Helm release.
	Namespace string
	// KubernetesVersion is the API server's version, such as v1.37.2, which charts see as
	// .Capabilities.KubeVersion. Empty: Helm's default.
	KubernetesVersion string
	// Values override the chart's defaults.
	Values map[string]any
}

// Rendered is a rendered chart, with all that a Helm release stores.
type Rendered struct {
	// Chart is the chart that was rendered.
	Chart *Chart
	// Request is the input that it was rendered with.
	Request Request
	// manifest is empty if the chart has crdSpecs.
	manifest string
}

// Manifest returns the rendered text as Helm stores it. If specs of CRDs were stripped, it
// renders the original chart for it.
func (r *Rendered) Manifest() (string, error) {
	if r.manifest != "" || len(r.Chart.crdSpecs) == 0 {
		return r.manifest, nil
	}
	manifest, _, err := render(r.Chart.chart, r.Request)
	if err != nil {
		return "", fmt.Errorf("rendering chart %s: %w", r.Chart.Name(), err)
	}
	return manifest, nil
}

// Render renders the chart, and returns its objects in the order of the text. The output is
// deterministic. The spec of a CRD can be a *Spec. Templates have no access to the cluster:
// lookup returns nothing. Errors are the chart's own, shortened. An archive, or values that
// can expand, are rendered in a child process, and Render can then fail with a
// *StoppedError or a *StartError.
func (c *Chart) Render(request Request) (*Rendered, []*unstructured.Unstructured, error) {
	rendered := &Rendered{Chart: c, Request: request}
	manifest, objects, err := c.render(request)
	if err != nil {
		return nil, nil, fmt.Errorf("rendering chart %s: %w", c.Name(), err)
	}
	rendered.manifest = manifest
	return rendered, objects, nil
}

// render renders the right form of the chart in the right process. The text is empty if
// specs were stripped.
func (c *Chart) render(request Request) (string, []*unstructured.Unstructured, error) {
	if c.digest != "" || mayExpand(request.Values) {
		return c.sandbox.render(c.chart, request)
	}
	manifest, objects, err := render(c.stripped, request)
	if len(c.crdSpecs) > 0 {
		manifest = ""
	}
	c.crdSpecs.restore(objects)
	return manifest, objects, err
}

// render renders a chart in this process.
func render(source *chart.Chart, request Request) (string, []*unstructured.Unstructured, error) {
	values, err := renderValues(source, request)
	if err != nil {
		return "", nil, err
	}
	files, err := engine.Engine{}.Render(source, values)
	if err != nil {
		return "", nil, &TemplateError{cause: err}
	}
	return parseFiles(files)
}

func renderValues(source *chart.Chart, request Request) (chartutil.Values, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	if request.KubernetesVersion != "" {
		version, err := chartutil.ParseKubeVersion(request.KubernetesVersion)
		if err != nil {
			return nil, fmt.Errorf("reading the Kubernetes version %q: %w", request.KubernetesVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	options := chartutil.ReleaseOptions{Name: request.Release, Namespace: request.Namespace, Revision: 1, IsInstall: true}
	// Validation is skipped: Istio's charts have no schema, and that of another chart could make Helm fetch a URL.
	values, err := chartutil.ToRenderValuesWithSchemaValidation(source, request.Values, options, capabilities, true)
	if err != nil {
		return nil, fmt.Errorf("merging values: %w", err)
	}
	return values, nil
}

// documentSeparator is three dashes at the start of a line, as in Helm.
var documentSeparator = regexp.MustCompile(`(?m)^---\s*`)

func parseFiles(files map[string]string) (string, []*unstructured.Unstructured, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		if base := path.Base(name); base != "NOTES.txt" && !strings.HasPrefix(base, "_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var documents []document
	count := 0
	for _, name := range names {
		count += yamllimit.Count([]byte(files[name]))
		for _, text := range documentSeparator.Split(files[name], -1) {
			documents = append(documents, document{source: name, text: text})
		}
	}
	if err := cmp.Or(yamllimit.CheckCount(count), parseAll(documents)); err != nil {
		return "", nil, err
	}
	var manifest strings.Builder
	var objects []*unstructured.Unstructured
	for _, d := range documents {
		if d.object != nil {
			objects = append(objects, d.object)
			fmt.Fprintf(&manifest, "---\n# Source: %s\n%s\n", d.source, strings.TrimSpace(d.text))
		}
	}
	return manifest.String(), objects, nil
}

// document is one YAML document of a chart's output, with the object in it, if any.
type document struct {
	source, text string
	object       *unstructured.Unstructured
}

// parseAll parses documents in parallel: those of CRDs are long.
func parseAll(documents []document) error {
	return forEachParallel(len(documents), func(i int) error {
		object, err := parseDocument(documents[i].text)
		if err != nil {
			return fmt.Errorf("%s: %w", documents[i].source, err)
		}
		documents[i].object = object
		return nil
	})
}

// forEachParallel calls do for each index, with up to GOMAXPROCS calls at once. Unlike
// errgroup's Wait, it returns the error of the lowest index, so that the same input fails
// with the same message.
func forEachParallel(count int, do func(i int) error) error {
	failures := make([]error, count)
	group := errgroup.Group{}
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range count {
		group.Go(func() error {
			failures[i] = do(i)
			return nil
		})
	}
	_ = group.Wait()
	return cmp.Or(failures...)
}

// parseDocument parses one YAML document. It returns nil for one that has only comments.
func parseDocument(document string) (*unstructured.Unstructured, error) {
	if strings.TrimSpace(document) == "" {
		return nil, nil
	}
	if err := yamllimit.CheckPlain([]byte(document)); err != nil {
		return nil, fmt.Errorf("the values produce YAML that is rejected, since %w: shorten them, and remove strings that begin with & or *", err)
	}
	content, err := yaml.YAMLToJSON([]byte(document))
	if err != nil {
		return nil, fmt.Errorf("the values produce invalid YAML: %w", err)
	}
	if string(content) == "null" {
		return nil, nil
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(content, &object.Object); err != nil {
		return nil, fmt.Errorf("the values produce a document that is not an object: %w", err)
	}
	if object.GetKind() == "" || object.GetName() == "" {
		return nil, fmt.Errorf("the values produce an object without kind or name")
	}
	return object, nil
}

// TemplateError is a failure in a template. Its message is the innermost reason and its
// position, without the chain of includes.
type TemplateError struct{ cause error }

// failed matches Helm's form of fail and required, with which charts reject values:
// helm.sh/helm/v3/pkg/engine, cleanupExecError.
var failed = regexp.MustCompile(`(?s)^execution error at \([^)]*\): (.*)$`)

// innermost matches the last template position and the reason after it.
var innermost = regexp.MustCompile(`(?s)^.*template: ([^:]+:\d+):\d+: executing "[^"]*" at (.*)$`)

func (e *TemplateError) Error() string {
	text := e.cause.Error()
	if m := failed.FindStringSubmatch(text); m != nil {
		return strings.Join(strings.Fields(m[1]), " ")
	}
	if m := innermost.FindStringSubmatch(text); m != nil {
		return m[1] + ": at " + strings.Join(strings.Fields(m[2]), " ")
	}
	return text
}

func (e *TemplateError) Unwrap() error { return e.cause }
