// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
	"github.com/gloo-operator/gloo-operator/internal/controller"
)

const diffName = "diff"

// The exit codes of diff are those of kubectl diff and of diff itself.
const (
	exitDifferent = 1
	exitNoDiff    = 2
)

// errDifferent tells that there are differences. They have been printed.
var errDifferent = errors.New("there are differences")

// diffOptions are the flags of diff.
type diffOptions struct {
	file, output        string
	kubeconfig, context string
	namespace           string
}

// newDiff returns the command that tells what applying a manifest would change in a
// cluster. What is to be read goes to the output, notices and warnings to the error
// output, but for JSON, which holds them.
func newDiff() *cobra.Command {
	options := diffOptions{}
	command := &cobra.Command{
		Use:   diffName + " -f FILE",
		Short: "Prints what the operator would change in the cluster if the manifest were applied",
		Long: "Prints what the operator would change in the cluster if the manifest were applied, object by object: what would be added, which fields " +
			"would change, what would be removed, and whether pods restart. The API server is asked by dry runs, and nothing is changed.\n\n" +
			"It acts by your own rights: they must allow what the operator does, since dry runs are checked as writes are. The ConfigMap " +
			v1.ExtensionsName + " is read from the operator's namespace, unless the file has one. Secrets of spec.repository are read from the cluster.\n\n" +
			"Exit code: 0 where nothing would change, 1 where something would, 2 after an error.",
		Example: `  gloo-operator diff -f smc.yaml
  kubectl get smc managed-istio -o yaml | sed 's/version: 1.28.2/version: 1.29.1/' | gloo-operator diff -f -
  gloo-operator diff -f smc.yaml --output json | jq -r .summary`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&options.file, "filename", "f", "", "file with the ServiceMeshController, - for standard input")
	flags.StringVarP(&options.output, "output", "o", outputText, "text, or json")
	flags.StringVar(&options.kubeconfig, "kubeconfig", "", "kubeconfig file; default: $KUBECONFIG, ~/.kube/config")
	flags.StringVar(&options.context, "context", "", "context of the kubeconfig; default: its current one")
	flags.StringVarP(&options.namespace, "namespace", "n", defaultNamespace, "the operator's namespace")
	if err := command.MarkFlagRequired("filename"); err != nil {
		panic(err) // The flag is defined above.
	}
	return command
}

func (o diffOptions) run(command *cobra.Command) error {
	show, err := o.printer(command)
	if err != nil {
		return err
	}
	manifest, err := readManifest(o.file, command.InOrStdin())
	if err != nil {
		return err
	}
	outlook, err := o.look(command.Context(), manifest, command.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := show(outlook); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if len(outlook.Differences) > 0 {
		return errDifferent
	}
	return nil
}

// look admits the object as the API server would and asks the cluster.
func (o diffOptions) look(ctx context.Context, manifest *manifest, errOut io.Writer) (*controller.Outlook, error) {
	admitted, err := admission.Admit(manifest.mesh)
	if err != nil {
		return nil, err
	}
	for _, warning := range admitted.Warnings {
		fmt.Fprintf(errOut, "warning: %s\n", warning)
	}
	config, err := restConfig(o.kubeconfig, o.context)
	if err != nil {
		return nil, err
	}
	config.UserAgent = userAgent + "-" + diffName
	silent := logr.NewContext(ctx, funcr.New(func(string, string) {}, funcr.Options{})) // Errors are returned as well.
	return controller.Diff(silent, controller.Options{
		Config: config, Namespace: o.namespace, ChartFolder: chartFolder(), Version: Version(),
	}, admitted.Object, manifest.extensions)
}

// printer chooses how to print.
func (o diffOptions) printer(command *cobra.Command) (func(*controller.Outlook) error, error) {
	out := command.OutOrStdout()
	switch o.output {
	case outputText:
		text := diffText{out: out, coloured: coloured(out)}
		return func(outlook *controller.Outlook) error {
			remarks(command.ErrOrStderr(), outlook)
			return text.all(outlook.Differences)
		}, nil
	case outputJSON:
		return func(outlook *controller.Outlook) error { return printJSON(out, outlook) }, nil
	default:
		return nil, fmt.Errorf("--output must be %s or %s, not %q", outputText, outputJSON, o.output)
	}
}

// remarks prints what is no difference.
func remarks(errOut io.Writer, outlook *controller.Outlook) {
	for _, notice := range outlook.Notices {
		fmt.Fprintf(errOut, "notice: %s\n", notice)
	}
	for _, obstacle := range outlook.Obstacles {
		fmt.Fprintf(errOut, "warning: the operator would change nothing yet: %s\n", obstacle)
	}
}

// coloured tells a terminal whose user has nothing against colours: https://no-color.org.
func coloured(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd()))
}
