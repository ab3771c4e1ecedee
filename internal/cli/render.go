// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// renderOptions are the flags of render.
type renderOptions struct {
	file              string
	version           string
	kubernetesVersion string
	defaultRepository string
	probeImage        string
	values, explain   bool
}

// NewRender returns the command that compiles a ServiceMeshController without a cluster and
// prints its objects. The result goes to the output, notices and warnings to the error
// output.
func NewRender() *cobra.Command {
	options := renderOptions{}
	command := &cobra.Command{
		Use:   "render -f FILE",
		Short: "Prints the objects of a mesh in the order in which they are applied, without a cluster",
		Long: "Prints the objects of a mesh in the order in which they are applied, without a cluster. Beside the " + meshKind +
			" the file may hold the ConfigMap " + v1.ExtensionsName + " and the Secrets of spec.repository.",
		Example: `  gloo-operator render -f smc.yaml
  gloo-operator render -f smc.yaml --version 1.29.1 | kubectl diff -f -
  gloo-operator render -f smc.yaml --explain`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command)
		},
	}
	flags := command.Flags()
	addFilename(command, &options.file)
	flags.StringVar(&options.version, "version", "", "Istio version to render instead of spec.version")
	flags.StringVar(&options.kubernetesVersion, "kubernetes-version", "", "Kubernetes version that charts see, such as v1.34.0")
	addDefaultRepository(command, &options.defaultRepository)
	flags.StringVar(&options.probeImage, "probe-image", operatorImage+":"+Version(), "image of the probes of spec.probe: the operator's own")
	flags.BoolVar(&options.values, "values", false, "print each chart's values instead of objects")
	flags.BoolVar(&options.explain, "explain", false, "print each value with the layer that set it instead of objects")
	command.MarkFlagsMutuallyExclusive("values", "explain")
	return command
}

func (o renderOptions) run(command *cobra.Command) error {
	out, errOut := command.OutOrStdout(), command.ErrOrStderr()
	manifest, err := readManifest(o.file, command.InOrStdin())
	if err != nil {
		return err
	}
	built, err := o.build(command.Context(), manifest, errOut)
	if err != nil {
		return err
	}
	if err := o.print(out, built); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	for _, notice := range built.Notices {
		fmt.Fprintf(errOut, "notice: %s\n", notice.Message)
	}
	return nil
}

// build admits the object as the API server would and compiles it.
func (o renderOptions) build(ctx context.Context, manifest *manifest, errOut io.Writer) (*plan.Plan, error) {
	mesh := manifest.mesh
	if o.version != "" {
		if err := unstructured.SetNestedField(mesh.Object, o.version, "spec", "version"); err != nil {
			return nil, fmt.Errorf("setting spec.version: %w", err)
		}
	}
	admitted, err := admission.Admit(mesh)
	if err != nil {
		return nil, err
	}
	for _, warning := range admitted.Warnings {
		fmt.Fprintf(errOut, "warning: %s\n", warning)
	}
	archives, err := manifest.archives(ctx, admitted.Object.Spec, o.defaultRepository, errOut)
	if err != nil {
		return nil, err
	}
	return new(plan.Builder).Build(plan.Input{
		Owner: admitted.Object.Name, Spec: admitted.Object.Spec, Extensions: manifest.extensions,
		Facts: plan.Facts{KubernetesVersion: o.kubernetesVersion}, Archives: archives, Probe: o.probeOf(admitted.Object.Spec),
	})
}

// operatorImage is the repository of the operator's image, which its chart has as the default.
const operatorImage = "ghcr.io/gloo-operator/gloo-operator"

// probeOf is how an operator runs probes whose chart allows them.
func (o renderOptions) probeOf(spec v1.ServiceMeshControllerSpec) plan.Probe {
	probe := plan.Probe{Namespace: plan.ProbeNamespace, Image: o.probeImage, Version: Version()}
	if spec.Probe != nil && spec.Probe.Namespace != "" {
		probe.Namespace = spec.Probe.Namespace
	}
	return probe
}

func (o renderOptions) print(out io.Writer, built *plan.Plan) error {
	switch {
	case o.values:
		return printValues(out, built)
	case o.explain:
		return explain(out, built)
	default:
		return printObjects(out, built)
	}
}
