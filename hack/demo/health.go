// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// healthOneLiner is the check that the first users type, to the letter.
const healthOneLiner = `kubectl get servicemeshcontroller managed-istio -o jsonpath='{.status.phase}' && echo " | Pods:" && kubectl get pods -n istio-system --no-headers | awk '{print $1 ": " $2 " " $3}' | sort && echo "| CNI Status:" && kubectl get daemonset -n istio-system istio-cni-node -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}' && echo " | Ztunnel Status:" && kubectl get daemonset -n istio-system ztunnel -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}'`

// healthCheck runs the users' check with the cluster's own kubectl.
func healthCheck(ctx context.Context, c *cluster.Cluster) error {
	fmt.Printf("\n$ %s\n", healthOneLiner)
	cmd := exec.CommandContext(ctx, "bash", "-c", healthOneLiner)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+c.Kubeconfig(),
		"PATH="+filepath.Dir(c.Binary("kubectl"))+string(filepath.ListSeparator)+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("checking the mesh's health: %w", err)
	}
	fmt.Println()
	return nil
}
