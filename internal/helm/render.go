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

// Request is what a chart is rendered with.
type Request struct {
	// Release is the release's name.
	Release string
	// Namespace is the release's namespace.
	Namespace string
	// KubernetesVersion is the API server's version, such as v1.37.2, which charts see
	// as .Capabilities.KubeVersion.
	KubernetesVersion string
	// Values override the chart's defaults.
	Values map[string]any
}

// Rendered is what a chart was rendered with: with the chart's output, all that a
// release records.
type Rendered struct {
	// Chart that was rendered.
	Chart *Chart
	// Request that it was rendered with.
	Request Request
	// manifest is empty where specs were set aside.
	manifest string
}

// Manifest is the text, as Helm records it. Where specs were set aside, the chart is
// rendered once more for it, whole.
func (r *Rendered) Manifest() (string, error) {
	if r.manifest != "" || len(r.Chart.aside) == 0 {
		return r.manifest, nil
	}
	manifest, _, err := render(r.Chart.chart, r.Request)
	if err != nil {
		return "", fmt.Errorf("rendering chart %s: %w", r.Chart.Name(), err)
	}
	return manifest, nil
}

// Render renders the chart, and parses the objects in the order of the text. The
// same request makes the same bytes. The spec of a CRD may be a *Spec. Templates see
// no cluster: lookup finds nothing. Errors are the chart's own, shortened to
// what a user can act on. A chart that is not compiled in, or is given values that may
// grow in it, is rendered in a process of its own, and may fail with a *StoppedError or
// a *StartError.
func (c *Chart) Render(request Request) (*Rendered, []*unstructured.Unstructured, error) {
	rendered := &Rendered{Chart: c, Request: request}
	manifest, objects, err := c.renderForm(request)
	if err != nil {
		return nil, nil, fmt.Errorf("rendering chart %s: %w", c.Name(), err)
	}
	rendered.manifest = manifest
	return rendered, objects, nil
}

// renderForm renders the chart in the form that is made for it. The text is empty
// where specs were set aside.
func (c *Chart) renderForm(request Request) (string, []*unstructured.Unstructured, error) {
	if c.digest != "" || mayGrow(request.Values) {
		return c.sandbox.render(c.chart, request)
	}
	manifest, objects, err := render(c.light, request)
	if len(c.aside) > 0 {
		manifest = ""
	}
	c.aside.putBack(objects)
	return manifest, objects, err
}

// render renders a form of a chart in this process.
func render(form *chart.Chart, request Request) (string, []*unstructured.Unstructured, error) {
	values, err := renderValues(form, request)
	if err != nil {
		return "", nil, err
	}
	files, err := engine.Engine{}.Render(form, values)
	if err != nil {
		return "", nil, &TemplateError{cause: err}
	}
	return parseFiles(files)
}

func renderValues(form *chart.Chart, request Request) (chartutil.Values, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	if request.KubernetesVersion != "" {
		version, err := chartutil.ParseKubeVersion(request.KubernetesVersion)
		if err != nil {
			return nil, fmt.Errorf("reading the Kubernetes version %q: %w", request.KubernetesVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	options := chartutil.ReleaseOptions{Name: request.Release, Namespace: request.Namespace, Revision: 1, IsInstall: true}
	// Istio's charts have no schema of their values; that of another chart might lead Helm to some URL.
	values, err := chartutil.ToRenderValuesWithSchemaValidation(form, request.Values, options, capabilities, true)
	if err != nil {
		return nil, fmt.Errorf("merging values: %w", err)
	}
	return values, nil
}

// documentSeparator is three dashes at the start of a line, as for Helm.
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

// document is one of a chart's output, and the object in it, if any.
type document struct {
	source, text string
	object       *unstructured.Unstructured
}

// parseAll parses documents: those that hold CRDs are long.
func parseAll(documents []document) error {
	return together(len(documents), func(i int) error {
		object, err := parseDocument(documents[i].text)
		if err != nil {
			return fmt.Errorf("%s: %w", documents[i].source, err)
		}
		documents[i].object = object
		return nil
	})
}

// together does something for each index, as many at once as there are processors, and
// returns the failure of the first index that has one.
func together(count int, do func(i int) error) error {
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

// parseDocument reads one YAML document; nil where it holds nothing but comments.
func parseDocument(document string) (*unstructured.Unstructured, error) {
	if strings.TrimSpace(document) == "" {
		return nil, nil
	}
	if err := yamllimit.CheckPlain([]byte(document)); err != nil {
		return nil, fmt.Errorf("the values make YAML of it that is not read, since %w: shorten them, and take out texts that begin with & or *", err)
	}
	content, err := yaml.YAMLToJSON([]byte(document))
	if err != nil {
		return nil, fmt.Errorf("the values make invalid YAML of it: %w", err)
	}
	if string(content) == "null" {
		return nil, nil
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(content, &object.Object); err != nil {
		return nil, fmt.Errorf("the values make no object of it: %w", err)
	}
	if object.GetKind() == "" || object.GetName() == "" {
		return nil, fmt.Errorf("the values make an object without kind or name of it")
	}
	return object, nil
}

// TemplateError is a failure inside a template. Error gives the innermost reason
// with the place in the template, without the chain of includes before it.
type TemplateError struct{ cause error }

// failed matches what Helm makes of fail and required, by which charts refuse
// values: helm.sh/helm/v3/pkg/engine, cleanupExecError.
var failed = regexp.MustCompile(`(?s)^execution error at \([^)]*\): (.*)$`)

// innermost matches the last template position and what is behind it.
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
