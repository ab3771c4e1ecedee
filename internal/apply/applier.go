// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// parallel is how many requests are under way at once.
const parallel = 8

// Applier applies objects and remembers what the API server answered, so that it
// can determine without a request whether an object is still as applied.
type Applier struct {
	client   metadata.Interface
	whole    dynamic.Interface // For previews: all else gets by with metadata.
	observer *Observer

	// now is the clock; tests have their own.
	now func() time.Time

	mu        sync.Mutex
	records   map[object.Key]record
	differing map[object.Key]string // States that Confirm has found to differ.
	accepted  map[object.Key]string // Hashes of the objects that the API server would take.
	backoffs  map[object.Key]driftBackoff
	// ignoredStates are of the objects that are annotated to be ignored.
	ignoredStates map[object.Key]ignoredState
	free          map[object.Key]bool // Names at which Foreign has found nobody's object.
	deleted       map[types.UID]bool
	disowned      map[types.UID]string // Resource versions that Disown has replaced.
	failing       bool                 // The last requests were refused.
	unlisted      *listing             // What could not be listed last. Nil: nothing.
}

// record is what the last apply of an object left behind.
type record struct {
	// hash of the object that was applied.
	hash string
	// uid and resourceVersion of the answer.
	uid             types.UID
	resourceVersion string
	// fields that we owned in the answer, and the time of them.
	fields []byte
	time   int64
	// shown is the latest resource version that was found to be as the apply left it;
	// empty: none was looked at yet.
	shown string
}

// New returns an applier that sends requests by that config and compares with what
// the observer shows.
func New(config *rest.Config, observer *Observer) (*Applier, error) {
	client, clientErr := metadata.NewForConfig(metadata.ConfigFor(config))
	whole, wholeErr := dynamic.NewForConfig(config)
	if err := errors.Join(clientErr, wholeErr); err != nil {
		return nil, err
	}
	return &Applier{
		client: client, whole: whole, observer: observer, now: time.Now,
		records: map[object.Key]record{}, differing: map[object.Key]string{}, accepted: map[object.Key]string{}, backoffs: map[object.Key]driftBackoff{}, ignoredStates: map[object.Key]ignoredState{},
		free: map[object.Key]bool{}, deleted: map[types.UID]bool{}, disowned: map[types.UID]string{},
	}, nil
}

// Action is what an apply did to an object.
type Action string

// The actions.
const (
	// Unchanged: the object was as it should be already.
	Unchanged Action = "Unchanged"
	// Created: the object was not there.
	Created Action = "Created"
	// Changed: the plan asks for another object than before.
	Changed Action = "Changed"
	// Restored: the object had been changed or deleted by another client.
	Restored Action = "Restored"
)

// Change is what was done to an object.
type Change struct {
	object.Key
	Action Action
	// Lost is what Restored reverted; empty when the object had been deleted.
	Lost LostFields
	// UID and ResourceVersion of the object as it is now.
	UID             types.UID
	ResourceVersion string
}

// Apply sends those of the objects that differ from the cluster, wave by wave, and
// returns what it did. It goes on with the other objects of a wave when one fails,
// and not with the next wave; after a failure it sends one request at a time, and
// stops at the first that fails again. Failures are joined; each is an
// *ObjectError.
func (a *Applier) Apply(ctx context.Context, objects []object.Object) ([]Change, error) {
	var changes []Change
	for len(objects) > 0 {
		end := slices.IndexFunc(objects, func(o object.Object) bool { return o.Wave != objects[0].Wave })
		if end < 0 {
			end = len(objects)
		}
		done, err := a.applyWave(ctx, objects[:end])
		changes = append(changes, done...)
		if err != nil {
			return changes, err
		}
		objects = objects[end:]
	}
	return changes, nil
}

func (a *Applier) applyWave(ctx context.Context, objects []object.Object) ([]Change, error) {
	stale := slices.DeleteFunc(slices.Clone(objects), func(o object.Object) bool { return a.State(o) != Stale })
	if len(stale) == 0 {
		return nil, nil
	}
	var changes []Change
	_, err := a.each(len(stale), func(i int) error {
		change, err := a.apply(ctx, stale[i])
		if err != nil {
			return &ObjectError{Key: stale[i].Key(), cause: err}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		changes = append(changes, change)
		return nil
	})
	slices.SortFunc(changes, func(x, y Change) int { return compareKeys(x.Key, y.Key) })
	return changes, err
}

// each calls send for each index, several at once, and returns how many succeeded.
// Failures are joined. While requests are being refused it goes one by one and stops
// at the first failure, so that a persistent failure costs one request a try.
func (a *Applier) each(count int, send func(i int) error) (done int, err error) {
	if count == 0 {
		return 0, nil // That nothing was refused says nothing about the next request.
	}
	a.mu.Lock()
	cautious := a.failing
	a.mu.Unlock()
	var failures []error
	if cautious {
		for ; done < count; done++ {
			if err := send(done); err != nil {
				failures = append(failures, err)
				break
			}
		}
	} else {
		failures = together(count, send)
		done = count - len(failures)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failing = len(failures) > 0
	return done, errors.Join(failures...)
}

// together calls send for each index, several at once, and lists the failures.
func together(count int, send func(i int) error) []error {
	results := make([]error, count)
	group := errgroup.Group{}
	group.SetLimit(parallel)
	for i := range count {
		group.Go(func() error {
			results[i] = send(i)
			return nil
		})
	}
	_ = group.Wait()
	return slices.DeleteFunc(results, func(err error) bool { return err == nil })
}

func (a *Applier) apply(ctx context.Context, o object.Object) (Change, error) {
	kind, err := o.Kind()
	if err != nil {
		return Change{}, err
	}
	live := a.observer.Observe(o.Key()).Object
	body, err := bodyFor(kind, o, live)
	if err != nil {
		return Change{}, err
	}
	answer, err := a.send(ctx, kind, o.Key(), body)
	if otherType(kind, err) {
		answer, err = a.recreate(ctx, kind, o.Key(), body)
	}
	if err != nil {
		return Change{}, err
	}
	return a.recordAnswer(kind, o, live, answer), nil
}

// send applies a body, or tries to. The fields in it become ours, whoever had them.
func (a *Applier) send(ctx context.Context, kind object.Kind, key object.Key, body []byte, dryRun ...string) (metav1.Object, error) {
	return a.resource(kind, key.Namespace).Patch(ctx, key.Name, types.ApplyPatchType, body, applying(dryRun...))
}

// otherType reports whether the API server refuses to give a Secret another type. Only a new
// one can have it.
func otherType(kind object.Kind, err error) bool {
	if kind.GVK != object.Secret.GVK || !apierrors.IsInvalid(err) {
		return false
	}
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	causes := status.Status().Details.Causes
	return len(causes) > 0 && !slices.ContainsFunc(causes, func(c metav1.StatusCause) bool { return c.Field != "type" })
}

// recreate deletes an object and applies it again. It deletes only the operator's own objects.
func (a *Applier) recreate(ctx context.Context, kind object.Kind, key object.Key, body []byte) (metav1.Object, error) {
	live, err := a.resource(kind, key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return nil, fmt.Errorf("reading it: %w", err)
	case !ours(live):
		return nil, errors.New("it is of another type, and not managed by this operator: delete it")
	default:
		if err := a.deleteNow(ctx, key, live.GetUID(), metav1.DeletePropagationBackground); err != nil {
			return nil, fmt.Errorf("deleting it to give it another type: %w", err)
		}
	}
	return a.send(ctx, kind, key, body)
}

func applying(dryRun ...string) metav1.PatchOptions {
	force := true
	return metav1.PatchOptions{FieldManager: v1.FieldManager, Force: &force, DryRun: dryRun}
}

func (a *Applier) resource(kind object.Kind, namespace string) metadata.ResourceInterface {
	resource := a.client.Resource(kind.GVR())
	if kind.Namespaced {
		return resource.Namespace(namespace)
	}
	return resource
}

// recordAnswer stores the response and determines what the apply did.
func (a *Applier) recordAnswer(kind object.Kind, o object.Object, live, answer metav1.Object) Change {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, known := a.records[o.Key()]
	a.records[o.Key()] = recordOf(o, answer)
	change := Change{Key: o.Key(), UID: answer.GetUID(), ResourceVersion: answer.GetResourceVersion()}
	switch {
	case live != nil && live.GetResourceVersion() == answer.GetResourceVersion():
		change.Action = Unchanged
	case known && before.hash == o.Hash:
		change.Action = Restored
		change.Lost = lostBy(kind, o, before, live, answer)
		a.backoffs[change.Key] = a.backoffs[change.Key].next(a.now(), change.Lost)
	case live == nil:
		change.Action = Created
	default:
		change.Action = Changed
	}
	return change
}

// recordOf is the record of an object that the cluster has as it was applied.
func recordOf(o object.Object, held metav1.Object) record {
	return record{
		hash: o.Hash, uid: held.GetUID(), resourceVersion: held.GetResourceVersion(), fields: ownFields(held), time: ownTime(held),
	}
}

// lostBy returns the fields that an object has lost since a response. One that has left
// the cache and still exists has lost the label by which it is watched.
func lostBy(kind object.Kind, o object.Object, before record, live, answer metav1.Object) LostFields {
	switch {
	case live != nil && before.misses(o, live):
		return LostFields{Fields: []string{string(listOf(o.GVK))}}
	case live != nil:
		lost := lostFields(before.fields, live, yieldsOf(kind, o.Body, live))
		if lost.ObjectDeleted() && ownTime(live) != before.time {
			return appliedInOurName()
		}
		return lost
	case answer.GetUID() == before.uid:
		return LostFields{Fields: []string{".metadata.labels." + v1.OwnerLabel}}
	default:
		return LostFields{}
	}
}

// ObjectError says that the API server refused a request for an object.
type ObjectError struct {
	object.Key
	cause error
}

func (e *ObjectError) Error() string { return fmt.Sprintf("%s: %v", e.Key, e.cause) }

func (e *ObjectError) Unwrap() error { return e.cause }

// Permanent reports whether trying again cannot help: a person has to change something.
func Permanent(err error) bool {
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return false
	}
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) || apierrors.IsMethodNotSupported(err) ||
		apierrors.IsRequestEntityTooLargeError(err) || unreadable(err)
}

// unreadable recognizes an object with a field of the wrong type, or of a name that there
// is not, or twice, of which the API server says that it is an internal error:
// k8s.io/apimachinery/pkg/util/managedfields/internal, structuredMergeManager.Apply.
func unreadable(err error) bool {
	for _, message := range []string{"failed to create typed patch object", "failed to convert new object"} {
		if strings.Contains(err.Error(), message) {
			return true
		}
	}
	return false
}
