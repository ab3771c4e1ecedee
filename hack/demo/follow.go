// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

var errOperatorEnded = errors.New("the operator has ended")

// follow prints the progress of the named resource until its phase is final.
func follow(ctx context.Context, kube client.WithWatch, name string, out *progress, ended <-chan struct{}) error {
	for {
		events, err := kube.Watch(ctx, &v1.ServiceMeshControllerList{}, client.MatchingFields{"metadata.name": name})
		if err != nil {
			return fmt.Errorf("watching %s: %w", name, err)
		}
		done, err := followWatch(ctx, events, out, ended)
		events.Stop()
		if done || err != nil {
			return err
		}
	}
}

// followWatch prints what one watch shows, until it ends or the phase is final.
func followWatch(ctx context.Context, events watch.Interface, out *progress, ended <-chan struct{}) (done bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-ended:
			return false, errOperatorEnded
		case event, open := <-events.ResultChan():
			smc, ok := event.Object.(*v1.ServiceMeshController)
			if !open || !ok {
				return false, ctx.Err()
			}
			out.show(smc)
			if done, err := outcome(smc); done {
				return true, err
			}
		}
	}
}

// outcome reports whether the phase is final: what a script would wait for.
func outcome(smc *v1.ServiceMeshController) (done bool, err error) {
	phase, message := summary(smc)
	switch phase {
	case v1.PhaseSucceeded:
		return true, nil
	case v1.PhaseFailed, v1.PhaseAborted:
		return true, fmt.Errorf("%s: %s", phase, message)
	default:
		return false, nil
	}
}

// summary returns the phase and the message, unless they are of an older spec.
func summary(smc *v1.ServiceMeshController) (v1.Phase, string) {
	if smc.Status.ObservedGeneration != smc.Generation {
		return v1.PhasePending, ""
	}
	return smc.Status.Phase, smc.Status.Message
}

// progress prints a line for each change of a status, with the time since it began.
type progress struct {
	out     io.Writer
	elapsed func() time.Duration
	shown   map[string]string
}

func newProgress(out io.Writer) *progress {
	began := time.Now()
	return &progress{out: out, elapsed: func() time.Duration { return time.Since(began) }, shown: map[string]string{}}
}

func (p *progress) show(smc *v1.ServiceMeshController) {
	for _, c := range smc.Status.Components {
		if c.Version != "" || c.Pods != "" || c.Message != "" {
			p.print(c.Name, fmt.Sprintf("%-12s %-8s %-6s %s", c.Name, cmp.Or(c.Version, "-"), cmp.Or(c.Pods, "-"), c.Message))
		}
	}
	phase, message := summary(smc)
	if slices.ContainsFunc(smc.Status.Components, func(c v1.ComponentStatus) bool { return c.Message != "" }) {
		message = "" // It says the same as that component's line.
	}
	p.print("", fmt.Sprintf("%-12s %s", phase, message))
}

// print prints the text unless it is what was printed for that subject last.
func (p *progress) print(subject, text string) {
	if p.shown[subject] == text {
		return
	}
	p.shown[subject] = text
	fmt.Fprintln(p.out, strings.TrimRight(fmt.Sprintf("%5.1f s  %s", p.elapsed().Seconds(), text), " "))
}
