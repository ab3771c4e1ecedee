// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// bringUp starts all processes and waits until pods can be created on the nodes.
func (c *Cluster) bringUp(ctx context.Context, options Options) error {
	for _, name := range c.Processes() {
		began := time.Now()
		if err := c.Process(name).Start(ctx); err != nil {
			return err
		}
		fmt.Fprintf(c.log, "%s ready in %.1f s\n", name, time.Since(began).Seconds())
	}
	if err := c.readyNodes(ctx, options.Images); err != nil {
		return err
	}
	if _, err := c.AddNodes(ctx, max(0, options.Nodes)); err != nil {
		return err
	}
	if err := c.waitDefaultServiceAccount(ctx); err != nil || !options.Cilium {
		return err
	}
	return c.createCilium(ctx)
}

// waitDefaultServiceAccount: without it no pod is admitted.
func (c *Cluster) waitDefaultServiceAccount(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	})
}
