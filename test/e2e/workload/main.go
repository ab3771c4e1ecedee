// SPDX-License-Identifier: Apache-2.0

// Command workload is what the pods of tests run: a server that says which pod it is, and
// two clients. One keeps asking a server and counts what fails, the other prints what an
// address answers.
//
//	workload serve [-listen=:8080] [-listen-tls=ADDRESS]
//	workload ask [-every=100ms] [-timeout=2s] [-patience=0] [-reuse] [-connect] [-method=GET] ADDRESS
//	workload get ADDRESS
//
// serve also answers as a part of the Kubernetes API without resources, for which it needs
// TLS. Its certificate is self-signed.
//
// ask prints a line of JSON each second and at the end, which a signal brings about. Each
// question has a connection of its own, but with -reuse they share one as long as it lasts.
// With -connect, ADDRESS is host:port, and a connection is all that is asked for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "workload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, out io.Writer) error {
	commands := map[string]func(context.Context, []string, io.Writer) error{"serve": serve, "ask": ask, "get": printAnswer}
	if len(arguments) > 0 {
		if command, ok := commands[arguments[0]]; ok {
			return command(ctx, arguments[1:], out)
		}
	}
	return fmt.Errorf("want serve, ask or get")
}
