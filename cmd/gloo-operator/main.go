// SPDX-License-Identifier: Apache-2.0

// Command gloo-operator runs an Istio mesh from one custom resource.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/gloo-operator/gloo-operator/internal/cli"
)

func main() {
	cli.RenderIfChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Execute(ctx, cli.NewRoot())
	stop()
	os.Exit(code)
}
