// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/gloo-operator/gloo-operator/internal/controller"
)

// namespaceVariable tells a pod its namespace, by the downward API.
const namespaceVariable = "POD_NAMESPACE"

// defaultNamespace is the operator's namespace where nobody says otherwise.
const defaultNamespace = "gloo-operator"

// gcPercent is how much the heap may grow before it is collected, unless $GOGC says:
// half of Go's own. The operator's heap is small, and it mostly waits, so that this
// saves memory and costs next to nothing.
const gcPercent = 50

// userAgent names the operator in the API server's audit log.
const userAgent = "gloo-operator"

type runOptions struct {
	kubeconfig, logFormat, logLevel string
	controller                      controller.Options
}

// newRun returns the command that runs the operator.
func newRun() *cobra.Command {
	o := &runOptions{}
	command := &cobra.Command{
		Use:   "run",
		Short: "Run the operator",
		Long:  "Runs the operator until it is told to stop by SIGTERM or an interrupt.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; default: $KUBECONFIG, the pod's own ServiceAccount, ~/.kube/config")
	flags.StringVar(&o.logFormat, "log-format", "json", "json, or console for people")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.BoolVar(&o.controller.LeaderElection, "leader-elect", true, "let several replicas run, of which one writes")
	flags.StringVar(&o.controller.Namespace, "namespace", cmp.Or(os.Getenv(namespaceVariable), defaultNamespace), "the operator's own namespace")
	flags.StringVar(&o.controller.ChartFolder, "chart-cache-dir", chartFolder(), "folder to keep charts in that come from spec.repository")
	flags.StringSliceVar(&o.controller.InstallNamespaces, "install-namespaces", nil, "namespaces that a mesh may be installed in; default: all")
	flags.StringVar(&o.controller.HelmRelease, "helm-release", "", "Helm release that the operator is installed by, for what it makes in its place; default: none")
	flags.StringVar(&o.controller.ManagedMesh, "managed-mesh", "", "file with a ServiceMeshController to apply when the operator starts; default: none")
	flags.StringVar(&o.controller.MetricsAddress, "metrics-bind-address", "0", "address of the metrics endpoint, by TLS, for whoever may get /metrics; 0: none")
	flags.StringVar(&o.controller.ProfileAddress, "pprof-bind-address", "0", "address of pprof, such as 127.0.0.1:6060, for whoever reaches it; 0: none")
	flags.StringVar(&o.controller.ProbeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0: none")
	return command
}

func (o *runOptions) run(command *cobra.Command) error {
	logger, err := newLogger(command.ErrOrStderr(), o.logFormat, o.logLevel)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	if o.controller.Config, err = restConfig(o.kubeconfig, ""); err != nil {
		return err
	}
	o.controller.Config.DisableCompression = true // Each watch would hold a decompressor; within a cluster, bytes are cheap.
	o.controller.Log, o.controller.Version = logger, Version()
	return controller.Run(command.Context(), o.controller)
}

// restConfig reads a kubeconfig as kubectl does; the context's name may be empty.
func restConfig(kubeconfig, context string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: context}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.UserAgent = userAgent
	return config, nil
}

func newLogger(out io.Writer, format, level string) (logr.Logger, error) {
	parsed, err := zapcore.ParseLevel(level)
	if err != nil {
		return logr.Logger{}, fmt.Errorf("--log-level: %w", err)
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.ISO8601TimeEncoder
	var encoder zapcore.Encoder
	switch format {
	case "json":
		encoder = zapcore.NewJSONEncoder(encoding)
	case "console":
		encoder = zapcore.NewConsoleEncoder(encoding)
	default:
		return logr.Logger{}, fmt.Errorf("--log-format must be json or console, not %q", format)
	}
	return zapr.NewLogger(zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), parsed))), nil
}
