// SPDX-License-Identifier: Apache-2.0

// Command matrix runs suites on older minor versions of Kubernetes, one after the other, and
// prints what passed. With -record it writes that into docs/kubernetes.json, from which hack/docs
// makes the table in docs/releases.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"

	"github.com/gloo-operator/gloo-operator/hack/matrix/report"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	"github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

// suites run on each version, two at a time: mostly they wait.
var suites = []string{"./test/suites/lifecycle", "./test/suites/adoption", "./test/suites/drift", "./test/suites/chart"}

func main() {
	record := flag.Bool("record", false, "write the results into "+report.File)
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./hack/matrix [-record] [MINOR…], such as 1.36; all of hack/tools by default")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Args(), *record); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

// run tries each version, also after one has failed.
func run(ctx context.Context, minors []string, record bool) error {
	if len(minors) == 0 {
		var err error
		if minors, err = toolchain.OlderKubernetes(); err != nil {
			return err
		}
	}
	var failures []error
	for _, minor := range minors {
		if err := try(ctx, minor, record); err != nil {
			failures = append(failures, fmt.Errorf("kubernetes %s: %w", minor, err))
		}
	}
	return errors.Join(failures...)
}

// try runs the suites on one version, and records what passed if all of it did.
func try(ctx context.Context, minor string, record bool) error {
	family := toolchain.Kubernetes(minor)
	version, err := family.Version()
	if err != nil {
		return err
	}
	if _, err := toolchain.Build(ctx, family, os.Stderr); err != nil {
		return err
	}
	result := report.Result{Kubernetes: version, Drift: driftRelease(minor)}
	test := exec.CommandContext(ctx, "go", append([]string{"test", "-timeout=80m", "-p=2", "-json"}, suites...)...)
	// The drift suite is to try every object of one release.
	test.Env = append(os.Environ(), harness.KubernetesVariable+"="+minor,
		fmt.Sprintf("%s=%d/%d", portion.Variable, slices.Index(istio.Versions(), result.Drift), len(istio.Versions())+1))
	test.Stderr = os.Stderr
	out, err := test.StdoutPipe()
	if err != nil {
		return err
	}
	if err := test.Start(); err != nil {
		return err
	}
	readErr := result.Read(out, os.Stdout)
	if err := errors.Join(readErr, test.Wait()); err != nil {
		return err
	}
	fmt.Println(result)
	if !record {
		return nil
	}
	return report.Add(result)
}

// driftRelease is the release of which each object is changed: the newest whose newest supported
// version of Kubernetes that is, or else the newest.
func driftRelease(minor string) string {
	releases := istio.Releases()
	for _, r := range slices.Backward(releases) {
		if fmt.Sprintf("1.%d", r.Kubernetes.Max) == minor {
			return r.Version
		}
	}
	return releases[len(releases)-1].Version
}
