// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
	"github.com/gloo-operator/gloo-operator/internal/controller"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

const diffName = "diff"

// The exit codes of diff are those of kubectl diff and of diff itself.
const (
	exitDifferent = 1
	exitNoDiff    = 2
)

// errDifferent reports that there are differences, which have been printed.
var errDifferent = errors.New("there are differences")

// diffOptions are the flags of diff.
type diffOptions struct {
	file, output        string
	kubeconfig, context string
	namespace           string
	defaultRepository   string
}

// newDiff returns the command that prints what applying a manifest would change in a
// cluster. The result goes to the output, notices and warnings to the error output; JSON
// includes them.
func newDiff() *cobra.Command {
	options := diffOptions{}
	command := &cobra.Command{
		Use:   diffName + " -f FILE",
		Short: "Prints what the operator would change in the cluster if the manifest were applied",
		Long: "Prints what the operator would change in the cluster if the manifest were applied, object by object: what would be added, which fields " +
			"would change, what would be removed, and whether pods restart. The API server is asked by dry runs, and nothing is changed.\n\n" +
			"It uses your own permissions: they must include the operator's, since dry runs are authorized as writes are. The ConfigMap " +
			v1.ExtensionsName + " is read from the operator's namespace, unless the file has one. Secrets of spec.repository are read from the cluster. " +
			"The default repository and the install namespaces are those of the operator in the cluster, if there is one.\n\n" +
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
	addFilename(command, &options.file)
	flags.StringVarP(&options.output, "output", "o", outputText, "text, or json")
	flags.StringVar(&options.kubeconfig, "kubeconfig", "", "kubeconfig file; default: $KUBECONFIG, ~/.kube/config")
	flags.StringVar(&options.context, "context", "", "context of the kubeconfig; default: its current one")
	flags.StringVarP(&options.namespace, "namespace", "n", defaultNamespace, "the operator's namespace")
	addDefaultRepository(command, &options.defaultRepository)
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
	outlook, err := o.diff(command.Context(), manifest, command.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := show(outlook); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if outlook.Changes() {
		return errDifferent
	}
	return nil
}

// diff admits the object as the API server would, and compares it with the cluster.
func (o diffOptions) diff(ctx context.Context, manifest *manifest, errOut io.Writer) (*controller.DiffResult, error) {
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
		Config: config, Namespace: o.namespace, ChartCacheDir: chartCacheDir(), Version: Version(), DefaultRepository: o.defaultRepository,
	}, admitted.Object, manifest.extensions)
}

// printer returns the function that prints in the chosen format.
func (o diffOptions) printer(command *cobra.Command) (func(*controller.DiffResult) error, error) {
	out := command.OutOrStdout()
	switch o.output {
	case outputText:
		text := diffText{out: out, coloured: coloured(out)}
		return func(outlook *controller.DiffResult) error {
			printNotices(command.ErrOrStderr(), outlook)
			return text.all(outlook.Differences)
		}, nil
	case outputJSON:
		return func(outlook *controller.DiffResult) error { return printJSON(out, outlook) }, nil
	default:
		return nil, fmt.Errorf("--output must be %s or %s, not %q", outputText, outputJSON, o.output)
	}
}

// printNotices prints notices, and why the operator would not act yet.
func printNotices(errOut io.Writer, outlook *controller.DiffResult) {
	for _, notice := range outlook.Notices {
		fmt.Fprintf(errOut, "notice: %s\n", notice)
	}
	printUpgradeNotes(errOut, outlook.UpgradeNotes)
	for _, obstacle := range outlook.Blockers {
		fmt.Fprintf(errOut, "warning: the operator would change nothing yet: %s\n", obstacle)
	}
}

// printUpgradeNotes prints notes, each with its text indented.
func printUpgradeNotes(errOut io.Writer, notes []istio.UpgradeNote) {
	if len(notes) == 0 {
		return
	}
	fmt.Fprintf(errOut, "notice: Istio's release notes have %d upgrade notes for this change:\n", len(notes))
	for i, note := range notes {
		fmt.Fprintf(errOut, "\n  %d. %s\n", i+1, note.Title)
		for line := range strings.Lines(note.Content) {
			fmt.Fprintf(errOut, "     %s\n", strings.TrimRight(line, " \n"))
		}
	}
	fmt.Fprintln(errOut)
}

// coloured reports whether the output is a terminal, unless the user opts out:
// https://no-color.org.
func coloured(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd()))
}
