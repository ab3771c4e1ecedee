// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// crdName is the CRD that the chart brings.
const crdName = "servicemeshcontrollers.operator.gloo.solo.io"

// installChart installs the operator's chart with helm and these arguments besides, and
// returns when the API server serves its CRD.
func installChart(ctx context.Context, c *cluster.Cluster, kube client.Client, folder string, besides []string) error {
	tools, err := toolchain.Build(ctx, toolchain.Helm(), os.Stdout)
	if err != nil {
		return err
	}
	arguments := append([]string{"upgrade", "--install", "gloo-operator", folder,
		"--namespace", operatorNamespace, "--create-namespace", "--take-ownership"}, besides...)
	fmt.Println("helm", strings.Join(arguments, " "))
	helm := exec.CommandContext(ctx, tools.Path("helm"), arguments...)
	helm.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig())
	if out, err := helm.CombinedOutput(); err != nil {
		return fmt.Errorf("installing the operator's chart: %w\n%s", err, out)
	}
	crd := &object{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		err := kube.Get(ctx, client.ObjectKey{Name: crdName}, crd)
		return err == nil && established(crd), client.IgnoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("waiting until the API server serves %s: %w", crdName, err)
	}
	return nil
}

// writeAccount writes a kubeconfig by which a process is the operator's
// ServiceAccount, with the rights of the chart and no others, for a day.
func writeAccount(ctx context.Context, c *cluster.Cluster, file string) error {
	config, err := c.ServiceAccountConfig(ctx, operatorNamespace, "gloo-operator", "demo")
	if err != nil {
		return err
	}
	return clientcmd.WriteToFile(*cluster.TokenKubeconfig(config, operatorNamespace), file)
}
