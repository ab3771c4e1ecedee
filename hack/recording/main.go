// SPDX-License-Identifier: Apache-2.0

// Command recording runs the demo and what a user types next, and writes what a terminal shows
// as an animated picture. It needs make build first. Run it in the root directory of the repository.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// demoCluster is the cluster of make demo.
const demoCluster = "demo"

// commands are typed one after the other. The kubectl is that of the demo's cluster.
var commands = []string{
	"make --no-print-directory demo VERSION=1.28.2 NODES=3",
	"kubectl get smc",
	`kubectl patch smc managed-istio --type merge -p '{"spec":{"version":"1.29.1"}}'`,
	"kubectl wait smc/managed-istio --for=jsonpath='{.status.version}'=1.29.1 --timeout=5m && kubectl wait smc/managed-istio --for=condition=Ready --timeout=5m",
	"kubectl get events --field-selector involvedObject.kind=ServiceMeshController --sort-by=.metadata.creationTimestamp -o custom-columns=REASON:.reason,MESSAGE:.message",
	"gloo-operator status",
}

func main() {
	output := flag.String("output", "docs/demo.svg", "file of the picture")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *output)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, output string) error {
	if _, err := os.Stat(cluster.NamedDir(demoCluster)); err == nil {
		return errors.New("the demo's cluster exists: stop it with make demo-down")
	}
	r := recorder{began: time.Now()}
	for _, command := range commands {
		if err := r.record(ctx, command); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	return os.WriteFile(output, []byte(draw(r.lines)), 0o644)
}

// line is one of the terminal, and when it appeared.
type line struct {
	at    time.Duration
	text  string
	typed bool
}

type recorder struct {
	began time.Time
	lines []line
}

func (r *recorder) add(text string, typed bool) {
	fmt.Println(text)
	r.lines = append(r.lines, line{at: time.Since(r.began), text: portable(text), typed: typed})
}

// record runs a command in a shell, and records each line that it prints.
func (r *recorder) record(ctx context.Context, text string) error {
	r.add("$ "+text, true)
	command := exec.CommandContext(ctx, "bash", "-c", text)
	command.Env = environment()
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		err := command.Wait()
		writer.Close()
		ended <- err
	}()
	scanner := bufio.NewScanner(reader)
	for scanner.Scan() {
		r.add(scanner.Text(), false)
	}
	return errors.Join(<-ended, scanner.Err())
}

// environment has the kubectl of the demo's cluster and the command line in the PATH.
func environment() []string {
	path := "bin" + string(filepath.ListSeparator) + os.Getenv("PATH")
	environment := os.Environ()
	if c, err := cluster.Open(cluster.NamedDir(demoCluster)); err == nil {
		path = filepath.Dir(c.Binary("kubectl")) + string(filepath.ListSeparator) + path
		environment = append(environment, "KUBECONFIG="+c.Kubeconfig())
	}
	return append(environment, "PATH="+path)
}

// portable has no directory of this machine.
func portable(text string) string {
	if home, err := os.UserHomeDir(); err == nil {
		text = strings.ReplaceAll(text, home+"/", "$HOME/")
	}
	return text
}
