// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

var errOperatorEnded = errors.New("the operator has ended")

// follow shows the named resource's status until its phase is final.
func follow(ctx context.Context, kube client.WithWatch, name string, view display, ended <-chan struct{}) error {
	for {
		events, err := kube.Watch(ctx, &v1.ServiceMeshControllerList{}, client.MatchingFields{"metadata.name": name})
		if err != nil {
			return fmt.Errorf("watching %s: %w", name, err)
		}
		done, err := followWatch(ctx, events, view, ended)
		events.Stop()
		if done || err != nil {
			return err
		}
	}
}

// followWatch shows what one watch tells, until it ends or the phase is final.
func followWatch(ctx context.Context, events watch.Interface, view display, ended <-chan struct{}) (done bool, err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-ended:
			return false, errOperatorEnded
		case <-tick.C:
			view.tick()
		case event, open := <-events.ResultChan():
			smc, ok := event.Object.(*v1.ServiceMeshController)
			if !open || !ok {
				return false, ctx.Err()
			}
			view.show(smc)
			if done, err := outcome(smc); done {
				return true, err
			}
		}
	}
}

// outcome tells whether the phase is final: what a script would wait for.
func outcome(smc *v1.ServiceMeshController) (done bool, err error) {
	if smc.Status.ObservedGeneration != smc.Generation {
		return false, nil
	}
	switch smc.Status.Phase {
	case v1.PhaseSucceeded:
		return true, nil
	case v1.PhaseFailed, v1.PhaseAborted:
		return true, fmt.Errorf("%s: %s", smc.Status.Phase, smc.Status.Message)
	default:
		return false, nil
	}
}
