// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
)

// prepareOperator makes what the chart's pods need, and returns arguments for helm. Simulated
// nodes run no image: the operator is a process there.
func (d demo) prepareOperator(ctx context.Context) (helm []string, err error) {
	if d.real == 0 {
		return []string{"--set", "manager.replicas=0"}, nil
	}
	fmt.Println("building the images of the operator and of Istio, and loading them; the first build compiles them")
	images, err := imagebuild.Build(ctx, os.Stdout, d.versions...)
	if err != nil {
		return nil, err
	}
	if err := d.cluster.LoadImages(ctx, imagebuild.Paths(images)...); err != nil {
		return nil, err
	}
	set, err := annotation(images)
	return []string{"--wait", "--timeout", "5m", "--set-string", set}, err
}

// startOperator starts the operator where the chart has not, with the permissions of the chart's
// ServiceAccount, for a day. The channel is closed when it has ended; it is nil where
// Kubernetes starts it again.
func (d demo) startOperator(ctx context.Context) (ended <-chan struct{}, err error) {
	if d.real > 0 {
		fmt.Printf("operator: Deployment gloo-operator of the chart, log: %s\n", d.operatorLog())
		return nil, nil
	}
	account, err := d.cluster.ServiceAccountConfig(ctx, operatorNamespace, "gloo-operator", "demo")
	if err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(d.cluster.Dir(), "logs", "gloo-operator.kubeconfig")
	if err := clientcmd.WriteToFile(*cluster.TokenKubeconfig(account, operatorNamespace), kubeconfig); err != nil {
		return nil, err
	}
	process, ended, err := d.cluster.Run("bin/gloo-operator", "run", "--kubeconfig="+kubeconfig, "--leader-elect=false",
		"--install-namespaces=istio-system", "--probe-namespace="+plan.ProbeNamespace, "--probe-image=simulated", "--metrics-bind-address=0", "--health-probe-bind-address=0", "--log-format=console")
	if err != nil {
		return nil, fmt.Errorf("starting the operator that make build builds: %w", err)
	}
	fmt.Printf("operator: pid %d on this machine, as the chart's ServiceAccount, log %s\n", process.PID(), d.operatorLog())
	return ended, nil
}

// operatorLog is where a user finds the operator's log.
func (d demo) operatorLog() string {
	if d.real == 0 {
		return short(filepath.Join(d.cluster.Dir(), "logs", "gloo-operator.log"))
	}
	return d.kubectl() + " logs -n " + operatorNamespace + " deploy/gloo-operator --all-pods"
}

// annotation sets the content of the operator's image, which is part of the name of its
// archive: it replaces pods of an older operator, whose image has the same name.
func annotation(images []imagebuild.Tarball) (string, error) {
	for _, image := range images {
		if archive := filepath.Base(image.Path); strings.HasPrefix(archive, "gloo-operator-") {
			return "manager.podAnnotations.archive=" + archive, nil
		}
	}
	return "", errors.New("the image of the operator was not built")
}
