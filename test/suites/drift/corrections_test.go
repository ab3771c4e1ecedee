// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// hands is how many objects are manipulated at once. Requests name their object, so
// what follows from which manipulation stays exact.
const hands = 8

// eventLog collects the events about ServiceMeshControllers.
type eventLog struct {
	mu    sync.Mutex
	notes []string
}

// watchEvents collects events until the node that called ends.
func watchEvents() *eventLog {
	GinkgoHelper()
	clients, err := kubernetes.NewForConfig(env.Cluster.Config("test-events"))
	Expect(err).NotTo(HaveOccurred())
	watch, err := clients.EventsV1().Events("").Watch(context.Background(), metav1.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(watch.Stop)
	log := &eventLog{}
	go func() {
		for event := range watch.ResultChan() {
			if event, ok := event.Object.(*eventsv1.Event); ok && event.Regarding.Kind == "ServiceMeshController" {
				log.mu.Lock()
				log.notes = append(log.notes, event.Reason+": "+event.Note)
				log.mu.Unlock()
			}
		}
	}()
	return log
}

func (l *eventLog) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.notes)
}

// tells finds an event since the mark that begins with the first and holds all
// others.
func (l *eventLog) tells(since int, beginning string, parts []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var about []string
	for _, note := range l.notes[since:] {
		if !strings.HasPrefix(note, beginning) {
			continue
		}
		about = append(about, note)
		missing := false
		for _, part := range parts {
			missing = missing || !strings.Contains(note, part)
		}
		if !missing {
			return nil
		}
	}
	return fmt.Errorf("no event says %q and %q, but: %q", beginning, parts, about)
}

// outcome is what came of a manipulation: nil where it was reverted by one request
// and told of.
type outcome map[string]error

// manipulate does the group's manipulations to each target, one after the other,
// several targets at once, and tells what came of them, by target and manipulation.
func manipulate(targets []target, group []manipulation, told *eventLog) map[string]outcome {
	outcomes := map[string]outcome{}
	queue := make(chan target, len(targets))
	for _, t := range targets {
		queue <- t
		outcomes[t.name] = outcome{}
	}
	close(queue)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range hands {
		all.Go(func() {
			for t := range queue {
				for _, m := range group {
					if !t.suffers(m) {
						continue
					}
					err := t.suffer(context.Background(), m, told)
					mu.Lock()
					outcomes[t.name][m.name] = err
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	return outcomes
}

// suffer does one manipulation and waits until it has been put right.
func (t target) suffer(ctx context.Context, m manipulation, told *eventLog) error {
	before, err := read(ctx, t.live)
	if err != nil {
		return err
	}
	since, events := env.Cluster.Audit().Mark(), told.mark()
	if err := m.do(ctx, before, t.field); err != nil {
		return fmt.Errorf("doing it: %w", err)
	}
	beginning, parts := "DriftCorrected: "+t.name+": ", m.told(dotted(t.field.path, before.Object))
	if m.deletes {
		beginning = "DriftCorrected: " + t.name + " "
	}
	if err := eventually(ctx, func() error { return t.backAs(ctx, before, m) }); err != nil {
		return err
	}
	if err := eventually(ctx, func() error { return told.tells(events, beginning, parts) }); err != nil {
		return err
	}
	requests, err := env.Cluster.Audit().Requests(since, cluster.FromAgent(Agent), cluster.Writes(), t.isMeant)
	if err == nil && len(requests) != 1 {
		err = fmt.Errorf("%d requests instead of one: %v", len(requests), requests)
	}
	return err
}

// eventually is for other goroutines than Ginkgo's: it returns the last error after
// a while.
func eventually(ctx context.Context, check func() error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		last = check()
		return last == nil, nil
	})
	if err != nil {
		return last
	}
	return nil
}

// isMeant recognizes a request for this object.
func (t target) isMeant(request cluster.Request) bool {
	kind := kindOf(t.live)
	return request.Resource == kind.Resource && request.Group == kind.GVK.Group && request.Name == t.live.GetName() &&
		(!kind.Namespaced || request.Namespace == t.live.GetNamespace())
}

func kindOf(live *unstructured.Unstructured) object.Kind {
	kinds := object.Kinds()
	return kinds[slices.IndexFunc(kinds, func(k object.Kind) bool { return k.GVK == live.GroupVersionKind() })]
}
