// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

type object = unstructured.Unstructured

// install installs the operator, and the mesh by it, and returns when the mesh is complete.
func (d demo) install(ctx context.Context, manifest *object) error {
	scheme := runtime.NewScheme()
	if err := v1.AddToScheme(scheme); err != nil {
		return err
	}
	kube, err := client.NewWithWatch(d.cluster.Config("demo"), client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	if err := d.installChart(ctx); err != nil {
		return err
	}
	ended, err := d.startOperator(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := applySample(ctx, kube, manifest, d.version == ""); err != nil {
		return err
	}
	if err = follow(ctx, kube, manifest.GetName(), newProgress(os.Stdout), ended); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the mesh is not complete after %s", d.timeout)
	}
	return err
}

// installChart installs the operator's chart with helm, and returns when the API server
// serves its CRD.
func (d demo) installChart(ctx context.Context) error {
	pods, err := d.prepareOperator(ctx)
	if err != nil {
		return err
	}
	tools, err := toolchain.Build(ctx, toolchain.Helm(), os.Stdout)
	if err != nil {
		return err
	}
	arguments := append([]string{"upgrade", "--install", "gloo-operator", "charts/gloo-operator",
		"--namespace", operatorNamespace, "--create-namespace", "--take-ownership", "--set", "probe.enabled=true"}, pods...)
	fmt.Println("helm", strings.Join(arguments, " "))
	if out, err := d.command(ctx, tools.Path("helm"), arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("installing the operator's chart: %w\n%s", err, out)
	}
	out, err := d.command(ctx, "kubectl", "wait", "--for=condition=Established", "--timeout=30s", "crd/servicemeshcontrollers.operator.gloo.solo.io").CombinedOutput()
	if err != nil {
		return fmt.Errorf("waiting for the operator's CRD: %w\n%s", err, out)
	}
	return nil
}

// command is a program that finds the cluster, as its administrator, and the cluster's kubectl.
func (d demo) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	if program == "kubectl" {
		program = d.cluster.Binary(program)
	}
	command := exec.CommandContext(ctx, program, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+d.cluster.Kubeconfig(),
		"PATH="+filepath.Dir(d.cluster.Binary("kubectl"))+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return command
}

// applySample applies the manifest as kubectl apply --server-side does, so that users can go on
// with kubectl. A mesh that exists keeps its version, where it is to be kept: the sample must
// not downgrade it.
func applySample(ctx context.Context, kube client.Client, manifest *object, keepVersion bool) error {
	there := &v1.ServiceMeshController{}
	if err := kube.Get(ctx, client.ObjectKeyFromObject(manifest), there); client.IgnoreNotFound(err) != nil {
		return err
	}
	if keepVersion && there.Spec.Version != "" {
		if err := unstructured.SetNestedField(manifest.Object, there.Spec.Version, "spec", "version"); err != nil {
			return err
		}
	}
	fmt.Printf("kubectl apply -f %s # version %s, with spec.probe.enabled\n\n", sample, versionOf(manifest))
	applied := client.ApplyConfigurationFromUnstructured(manifest.DeepCopy())
	if err := kube.Apply(ctx, applied, client.FieldOwner("kubectl"), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s: %w", sample, err)
	}
	return nil
}

// readSample reads the manifest, enables probes, and sets the version, if any.
func readSample(path, version string) (*object, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	manifest := &object{}
	if err := yaml.Unmarshal(content, &manifest.Object); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := unstructured.SetNestedField(manifest.Object, true, "spec", "probe", "enabled"); err != nil {
		return nil, err
	}
	if version == "" {
		return manifest, nil
	}
	return manifest, unstructured.SetNestedField(manifest.Object, version, "spec", "version")
}

func versionOf(manifest *object) string {
	version, _, _ := unstructured.NestedString(manifest.Object, "spec", "version")
	return version
}

// healthOneLiner is the check that the first users type, to the letter.
const healthOneLiner = `kubectl get servicemeshcontroller managed-istio -o jsonpath='{.status.phase}' && echo " | Pods:" && kubectl get pods -n istio-system --no-headers | awk '{print $1 ": " $2 " " $3}' | sort && echo "| CNI Status:" && kubectl get daemonset -n istio-system istio-cni-node -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}' && echo " | Ztunnel Status:" && kubectl get daemonset -n istio-system ztunnel -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}'`

// checkHealth runs the users' check with the cluster's own kubectl.
func (d demo) checkHealth(ctx context.Context) error {
	fmt.Printf("\n$ %s\n", healthOneLiner)
	check := d.command(ctx, "bash", "-c", healthOneLiner)
	check.Stdout, check.Stderr = os.Stdout, os.Stderr
	if err := check.Run(); err != nil {
		return fmt.Errorf("checking the mesh's health: %w", err)
	}
	fmt.Println()
	return nil
}
