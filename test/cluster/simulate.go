// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Mode is how the pods of a Behavior differ from pods that turn Ready at once.
type Mode string

// Unready pods run without turning Ready. Slow pods turn Ready after Behavior.Delay. Fail keeps
// the containers of pods waiting, with Behavior.Reason and Behavior.Message.
const (
	Unready Mode = "Unready"
	Slow    Mode = "Slow"
	Fail    Mode = "Fail"
)

// Behavior says how certain pods behave. A pod has to meet all criteria that are set.
type Behavior struct {
	Namespace string            `json:"namespace,omitempty"`
	Selector  map[string]string `json:"selector,omitempty"`
	Nodes     []string          `json:"nodes,omitempty"`
	// Image is a part of the image of one of the containers, for instance the tag of the
	// version whose pods are meant.
	Image string `json:"image,omitempty"`

	Mode Mode `json:"mode"`
	// Delay is for Slow, counted from the creation of the pod. Since that is known to the
	// second, it may take a second longer.
	Delay time.Duration `json:"delay,omitempty"`
	// Reason and Message are for Fail. Reason is CrashLoopBackOff by default; with another one,
	// say ImagePullBackOff, pods that were not running yet stay Pending.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// heldBehavior is a Behavior that is in force.
type heldBehavior struct {
	ID int `json:"id"`
	Behavior
}

// Simulate makes pods behave like that until undo is called: those that exist and, with certainty,
// all that are created after it has returned. Slow changes only pods that are not Ready yet. The
// latest Behavior that fits a pod counts. After undo the pods turn Ready.
//
// Nothing is written to the cluster for it: kwok is started again with other stages. A Behavior
// therefore survives stops and starts of kwok, too.
func (c *Cluster) Simulate(ctx context.Context, behavior Behavior) (undo func(context.Context) error, err error) {
	if err := behavior.complete(); err != nil {
		return nil, err
	}
	id, err := c.addBehavior(ctx, behavior)
	if err != nil {
		return nil, fmt.Errorf("simulating %s pods: %w", behavior.Mode, err)
	}
	return func(ctx context.Context) error { return c.removeBehavior(ctx, id) }, nil
}

func (b *Behavior) complete() error {
	switch b.Mode {
	case Unready:
	case Fail:
		if b.Reason == "" {
			b.Reason = crashLoop
		}
	case Slow:
		if b.Delay <= 0 {
			return errors.New("slow pods need a delay")
		}
	default:
		return fmt.Errorf("unknown mode %q of simulated pods", b.Mode)
	}
	return nil
}

const crashLoop = "CrashLoopBackOff"

func (c *Cluster) addBehavior(ctx context.Context, behavior Behavior) (id int, err error) {
	err = c.restage(ctx, func(s *state) {
		s.LastBehavior++
		id = s.LastBehavior
		s.Behaviors = append(s.Behaviors, heldBehavior{ID: id, Behavior: behavior})
	})
	return id, err
}

func (c *Cluster) removeBehavior(ctx context.Context, id int) error {
	return c.restage(ctx, func(s *state) {
		s.Behaviors = slices.DeleteFunc(s.Behaviors, func(b heldBehavior) bool { return b.ID == id })
	})
}

// restage lets kwok work with changed behaviors; a kwok that is stopped stays so.
func (c *Cluster) restage(ctx context.Context, change func(*state)) error {
	c.staging.Lock()
	defer c.staging.Unlock()
	if err := c.update(change); err != nil {
		return err
	}
	if err := c.writeStages(); err != nil {
		return err
	}
	return c.Process(Kwok).restart(ctx)
}
