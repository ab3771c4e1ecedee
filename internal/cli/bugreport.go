// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/bugreport"
)

const bugReportName = "bug-report"

// errIncomplete reports that some of a report could not be read, which it says itself.
var errIncomplete = errors.New("some of the report could not be read")

// bugReportOptions are the flags of bug-report.
type bugReportOptions struct {
	file                string
	kubeconfig, context string
	namespace           string
	now                 func() time.Time
}

// newBugReport returns the command that writes an archive for a bug report. It only reads, with
// the user's own permissions.
func newBugReport(now func() time.Time) *cobra.Command {
	options := bugReportOptions{now: now}
	command := &cobra.Command{
		Use:   bugReportName + " [NAME]",
		Short: "Writes what a bug report needs into one archive, without secrets",
		Long: "Writes what a bug report needs into one archive: the ServiceMeshController with its events, the objects that it renders, who manages their fields, " +
			"the mesh's workloads and the status of their pods, the operator's logs and those of pods that are not ready, versions, and nodes. " +
			"Without a name, it is about every ServiceMeshController.\n\n" +
			"It uses your own permissions and changes nothing. What you may not read, the file errors.txt of the archive names; what is too large, cut.txt. " +
			"The archive has no Secrets, no values of spec.values, of the extensions ConfigMap and of environment variables, and nothing that looks like a " +
			"credential. Look through it before you share it.\n\n" +
			"Exit code: 0 where all was read, 1 where the archive has a file errors.txt, 2 after an error.",
		Example: `  gloo-operator bug-report
  gloo-operator bug-report managed-istio --output report.tar.gz && tar -tzf report.tar.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command, append(arguments, "")[0])
		},
	}
	flags := command.Flags()
	flags.StringVarP(&options.file, "output", "o", "", "archive to write, which must not exist; default: gloo-operator-bug-report-TIME.tar.gz")
	flags.StringVar(&options.kubeconfig, "kubeconfig", "", "kubeconfig file; default: $KUBECONFIG, ~/.kube/config")
	flags.StringVar(&options.context, "context", "", "context of the kubeconfig; default: its current one")
	flags.StringVarP(&options.namespace, "namespace", "n", "", "the operator's namespace; default: that of its Deployment")
	return command
}

func (o bugReportOptions) run(command *cobra.Command, name string) error {
	if o.file == "" {
		o.file = "gloo-operator-bug-report-" + o.now().UTC().Format("20060102-150405") + ".tar.gz"
	}
	if _, err := os.Stat(o.file); err == nil {
		return fmt.Errorf("%s exists: remove it, or name another file with --output", o.file)
	}
	config, err := restConfig(o.kubeconfig, o.context)
	if err != nil {
		return err
	}
	config.UserAgent = userAgent + "-" + bugReportName
	report, err := bugreport.Collect(command.Context(), bugreport.Options{Config: config, Name: name, Namespace: o.namespace, Version: Version()})
	if err != nil {
		return err
	}
	size, err := o.write(report)
	if err != nil {
		return fmt.Errorf("writing %s: %w", o.file, err)
	}
	fmt.Fprintf(command.OutOrStdout(), "%s: %d files, %d KiB. Look through it before you share it.\n", o.file, report.Files(), (size+1023)/1024)
	for _, line := range report.Cut {
		fmt.Fprintf(command.ErrOrStderr(), "cut: %s\n", line)
	}
	for _, line := range report.Errors {
		fmt.Fprintf(command.ErrOrStderr(), "not read: %s\n", line)
	}
	if len(report.Errors) > 0 {
		return errIncomplete
	}
	return nil
}

// write writes the archive, for its user alone, and returns its size.
func (o bugReportOptions) write(report *bugreport.Archive) (int, error) {
	var content bytes.Buffer
	if err := report.Write(&content, o.now()); err != nil {
		return 0, err
	}
	file, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = file.Write(content.Bytes())
	return content.Len(), errors.Join(err, file.Close())
}
