// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const (
	statusName = "status"
	outputYAML = "yaml"
	// watchPause is the time between two looks of --watch.
	watchPause = 2 * time.Second
	// clearScreen are the ANSI escape sequences that clear a terminal: cursor home, erase.
	clearScreen = "\x1b[H\x1b[2J"
)

// errNotComplete reports that a mesh is not SUCCEEDED, which has been printed.
var errNotComplete = errors.New("the mesh is not SUCCEEDED")

// meshes is the resource of ServiceMeshControllers.
var meshes = v1.GroupVersion.WithResource("servicemeshcontrollers")

// statusOptions are the flags of status.
type statusOptions struct {
	output              string
	kubeconfig, context string
	watch               bool
	now                 func() time.Time
}

// newStatus returns the command that prints how a mesh is. It only reads, with the user's
// own permissions.
func newStatus(now func() time.Time) *cobra.Command {
	options := statusOptions{now: now}
	command := &cobra.Command{
		Use:   statusName + " [NAME]",
		Short: "Prints how the mesh is, and what to do next",
		Long: "Prints how the mesh is in one screen: phase, components with their pods, nodes, what is under way or waits for approval, conditions that are " +
			"not True, the last changes, and at most three commands to run next. Without a name, it prints every ServiceMeshController.\n\n" +
			"It uses your own permissions and changes nothing. You need to get and list ServiceMeshControllers; nodes are shown if you may list them.\n\n" +
			"Exit code: 0 where every mesh shown is SUCCEEDED, 1 where one is not, 2 after an error or where there is none.",
		Example: `  gloo-operator status
  gloo-operator status managed-istio --watch
  gloo-operator status --output json | jq -r .[0].phase
  until gloo-operator status >/dev/null; do sleep 5; done`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command, append(arguments, "")[0])
		},
	}
	flags := command.Flags()
	flags.StringVarP(&options.output, "output", "o", outputText, "text, json or yaml")
	flags.BoolVarP(&options.watch, "watch", "w", false, "print it again whenever it changes, until interrupted; text only")
	flags.StringVar(&options.kubeconfig, "kubeconfig", "", "kubeconfig file; default: $KUBECONFIG, ~/.kube/config")
	flags.StringVar(&options.context, "context", "", "context of the kubeconfig; default: its current one")
	return command
}

// check fails with flags that do not go together.
func (o statusOptions) check() error {
	if o.output != outputText && o.output != outputJSON && o.output != outputYAML {
		return fmt.Errorf("--output must be %s, %s or %s, not %q", outputText, outputJSON, outputYAML, o.output)
	}
	if o.watch && o.output != outputText {
		return fmt.Errorf("--watch needs --output %s", outputText)
	}
	return nil
}

func (o statusOptions) run(command *cobra.Command, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	config, err := restConfig(o.kubeconfig, o.context)
	if err != nil {
		return err
	}
	config.UserAgent = userAgent + "-" + statusName
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	reader := statusReader{meshes: client.Resource(meshes), nodes: clientset.CoreV1().Nodes(), now: o.now}
	if o.watch {
		return o.follow(command, reader, name)
	}
	found, err := reader.read(command.Context(), name)
	if err != nil {
		return err
	}
	if err := o.print(command.OutOrStdout(), found); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return completed(found)
}

// follow prints the status whenever it has changed, until the command is interrupted.
func (o statusOptions) follow(command *cobra.Command, reader statusReader, name string) error {
	var last string
	for {
		found, err := reader.read(command.Context(), name)
		if command.Context().Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if seen, _ := json.Marshal(found); string(seen) != last {
			last = string(seen)
			if coloured(command.OutOrStdout()) {
				fmt.Fprint(command.OutOrStdout(), clearScreen)
			}
			if err := o.print(command.OutOrStdout(), found); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
		}
		select {
		case <-command.Context().Done():
			return nil
		case <-time.After(watchPause):
		}
	}
}

// completed returns errNotComplete unless every mesh is SUCCEEDED.
func completed(found []meshStatus) error {
	for _, m := range found {
		if !m.Complete {
			return errNotComplete
		}
	}
	return nil
}

// print prints meshes in the chosen format.
func (o statusOptions) print(out io.Writer, found []meshStatus) error {
	switch o.output {
	case outputJSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(found)
	case outputYAML:
		document, err := yaml.Marshal(found)
		if err != nil {
			return err
		}
		_, err = out.Write(document)
		return err
	}
	text := statusText{out: out, coloured: coloured(out), now: o.now()}
	for i, m := range found {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := text.print(m); err != nil {
			return err
		}
	}
	return nil
}

// statusReader reads what status shows.
type statusReader struct {
	meshes dynamic.ResourceInterface
	nodes  corev1client.NodeInterface
	now    func() time.Time
}

// read reads the mesh of that name, or all for an empty name.
func (r statusReader) read(ctx context.Context, name string) ([]meshStatus, error) {
	items, err := r.resources(ctx, name)
	if err != nil {
		return nil, err
	}
	nodes, err := r.listNodes(ctx)
	if err != nil {
		return nil, err
	}
	var found []meshStatus
	for i := range items {
		smc := &v1.ServiceMeshController{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(items[i].Object, smc); err != nil {
			return nil, fmt.Errorf("reading ServiceMeshController %s: %w", items[i].GetName(), err)
		}
		found = append(found, meshStatusOf(smc, nodes, r.now()))
	}
	return found, nil
}

func (r statusReader) resources(ctx context.Context, name string) ([]unstructured.Unstructured, error) {
	if name != "" {
		one, err := r.meshes.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, explained(err)
		}
		return []unstructured.Unstructured{*one}, nil
	}
	list, err := r.meshes.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, explained(err)
	}
	if len(list.Items) == 0 {
		return nil, errors.New("there is no ServiceMeshController: apply one, as in the README")
	}
	return list.Items, nil
}

// explained says what to do about an error of the API server.
func explained(err error) error {
	if apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) {
		return errors.New("the cluster has no CRD of ServiceMeshControllers: install the operator's Helm chart first")
	}
	return err
}

// listNodes summarizes the nodes. Nil where they may not be listed.
func (r statusReader) listNodes(ctx context.Context) (*nodeStatus, error) {
	// The resource version lets the API server answer from its cache.
	list, err := r.nodes.List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if apierrors.IsForbidden(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	return nodeStatusOf(list.Items), nil
}
