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

	"github.com/gloo-operator/gloo-operator/internal/manager"
)

// namespaceVariable has the pod's namespace, by the downward API.
const namespaceVariable = "POD_NAMESPACE"

// defaultNamespace is the operator's default namespace.
const defaultNamespace = "gloo-operator"

// gcPercent is how much the heap grows before it is collected, unless $GOGC is set: half of
// Go's default. The operator's heap is small and mostly idle, so that this saves memory at
// little cost.
const gcPercent = 50

// userAgent identifies the operator in the API server's audit log.
const userAgent = "gloo-operator"

type runOptions struct {
	kubeconfig, logFormat, logLevel string
	manager                         manager.Options
}

// newRun returns the command that runs the operator.
func newRun() *cobra.Command {
	o := &runOptions{}
	command := &cobra.Command{
		Use:   "run",
		Short: "Run the operator",
		Long:  "Runs the operator until SIGTERM or an interrupt.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; default: $KUBECONFIG, the pod's own ServiceAccount, ~/.kube/config")
	flags.StringVar(&o.logFormat, "log-format", "json", "json, or console for people")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.BoolVar(&o.manager.LeaderElection, "leader-elect", true, "elect a leader among replicas; only the leader writes")
	flags.StringVar(&o.manager.Namespace, "namespace", cmp.Or(os.Getenv(namespaceVariable), defaultNamespace), "the operator's own namespace")
	flags.StringVar(&o.manager.ChartCacheDir, "chart-cache-dir", chartCacheDir(), "directory to cache charts in that are not bundled")
	addDefaultRepository(command, &o.manager.DefaultRepository)
	flags.StringSliceVar(&o.manager.InstallNamespaces, "install-namespaces", nil, "namespaces that a mesh may be installed in; default: all")
	flags.BoolVar(&o.manager.DetectBypass, "detect-bypass", false, "list pods that are to be in the mesh, to find those whose traffic may bypass it")
	flags.StringVar(&o.manager.Probe.Namespace, "probe-namespace", "", "namespace of the probes of spec.probe; default: none, and no probes are run")
	flags.StringVar(&o.manager.Probe.Image, "probe-image", "", "image with the program of the probe: the operator's own")
	flags.StringSliceVar(&o.manager.Probe.PullSecrets, "probe-pull-secrets", nil, "Secrets in the namespace of the probes that their image is pulled with")
	flags.BoolVar(&o.manager.LabelNamespaces, "label-namespaces", false, "take namespaces out of the mesh before ztunnel is removed, by their label istio.io/dataplane-mode")
	flags.StringVar(&o.manager.HelmRelease, "helm-release", "", "Helm release of the operator, for the objects that it creates on behalf of its chart; default: none")
	flags.StringVar(&o.manager.ManagedMesh, "managed-mesh", "", "file with a ServiceMeshController to apply when the operator starts; default: none")
	flags.StringVar(&o.manager.MetricsAddress, "metrics-bind-address", "0", "address of the metrics endpoint, served over TLS to clients that are allowed to get /metrics; 0: none")
	flags.StringVar(&o.manager.ProfileAddress, "pprof-bind-address", "0", "address of pprof, such as 127.0.0.1:6060, served without authentication; 0: none")
	flags.StringVar(&o.manager.ProbeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0: none")
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
	if o.manager.Config, err = restConfig(o.kubeconfig, ""); err != nil {
		return err
	}
	o.manager.Config.DisableCompression = true // Each watch would hold a decompressor; within a cluster, bytes are cheap.
	o.manager.Log, o.manager.Version, o.manager.Probe.Version = logger, Version(), Version()
	return manager.Run(command.Context(), o.manager)
}

// restConfig loads a kubeconfig as kubectl does. The context's name can be empty.
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
