// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// The backoff between attempts. After a temporary failure it starts at the minimum and
// doubles up to the maximum. After a permanent one it is the maximum, since a person can
// have fixed the cause.
const (
	minBackoff = 2 * time.Second
	maxBackoff = time.Minute
)

// Options configure a Store.
type Options struct {
	// Dir is the directory of the cache, with which downloaded charts stay available
	// without the repository. It is created on first use. Empty: nothing is cached.
	Dir string
	// Size limits the cache, in bytes. Zero: CacheSize.
	Size int64
	// Limits bound each download. Zero: DefaultLimits.
	Limits Limits
	// Changed is called when a download has ended, from its own goroutine. Nil: not.
	Changed func()
	// Warn is called with an error that does not fail a download: a *CacheError. Nil: not.
	Warn func(error)
	// Now returns the current time. Nil: time.Now.
	Now func() time.Time
}

// Request asks for charts.
type Request struct {
	// Owner identifies the caller. Each owner has one download at a time: a request for
	// another source cancels the previous one.
	Owner string
	// Source of the charts.
	Source Source
	// Attempt changes when a failure no longer counts, as after a change of spec.
	Attempt string
	// Access returns the credentials. It is called for a download only, which fails with
	// its errors.
	Access func(context.Context) (Access, error)
}

// PendingError reports that the charts are not available yet, and why.
type PendingError struct {
	// Failure is that of the last attempt. Nil during the first.
	Failure *Error
	// RetryAfter is when to ask again. Zero: when Changed is called.
	RetryAfter time.Duration
	// Source is what is waited for.
	Source Source
}

func (e *PendingError) Error() string {
	if e.Failure == nil {
		return "fetching " + e.Source.String()
	}
	return "fetching the charts: " + e.Failure.Error()
}

// Unwrap returns the failure.
func (e *PendingError) Unwrap() error {
	if e.Failure == nil {
		return nil
	}
	return e.Failure
}

// Reason returns a constant of api/v1.
func (e *PendingError) Reason() string {
	if e.Failure == nil {
		return v1.ReasonFetchingCharts
	}
	return e.Failure.Reason
}

// Store returns charts: cached ones immediately, others once they have been downloaded in
// the background. It is safe for concurrent use.
type Store struct {
	ctx     context.Context
	options Options
	cache   cache

	mu   sync.Mutex
	jobs map[string]*job
	held map[owned]Charts
}

// job is the charts of one owner, or their download.
type job struct {
	source      Source
	attempt     string
	charts      Charts
	cancel      context.CancelFunc
	running     bool
	failure     *Error
	pauses      wait.Backoff
	nextAttempt time.Time
}

// NewStore returns a store whose downloads end with the context.
func NewStore(ctx context.Context, options Options) *Store {
	if options.Limits == (Limits{}) {
		options.Limits = DefaultLimits()
	}
	if options.Size == 0 {
		options.Size = CacheSize
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Store{
		ctx: ctx, options: options, jobs: map[string]*job{}, held: map[owned]Charts{},
		cache: cache{dir: options.Dir, size: options.Size, limits: options.Limits},
	}
}

// Charts returns the charts, or a *PendingError. It never blocks on the network.
func (s *Store) Charts(request Request) (Charts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.job(request)
	if j.charts != nil {
		s.held[owned{request.Owner, request.Source.Version}] = j.charts
		return j.charts, nil
	}
	now := s.options.Now()
	if !j.running && !now.Before(j.nextAttempt) {
		s.start(j, request)
	}
	pending := &PendingError{Failure: j.failure, Source: j.source}
	if !j.running {
		pending.RetryAfter = j.nextAttempt.Sub(now)
	}
	return nil, pending
}

// job returns the owner's job. It starts with the cached charts if the source or the
// attempt is new.
func (s *Store) job(request Request) *job {
	j := s.jobs[request.Owner]
	if j != nil && j.source == request.Source && (j.charts != nil || j.attempt == request.Attempt) {
		return j
	}
	if j != nil {
		j.cancel()
	}
	j = &job{
		source: request.Source, attempt: request.Attempt, cancel: func() {}, charts: s.cache.read(request.Source),
		pauses: wait.Backoff{Duration: minBackoff, Factor: 2, Steps: math.MaxInt32, Cap: maxBackoff},
	}
	s.jobs[request.Owner] = j
	return j
}

// Cancel ends the download of an owner. Charts that the owner has received stay: see
// Retain.
func (s *Store) Cancel(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jobs[owner]; j != nil {
		j.cancel()
		delete(s.jobs, owner)
	}
}

func (s *Store) start(j *job, request Request) {
	ctx, cancel := context.WithCancel(s.ctx)
	j.cancel, j.running = cancel, true
	go func() {
		defer cancel()
		charts, err := s.Fetch(ctx, request)
		s.finish(j, charts, err)
	}()
}

// Fetch returns cached charts, or downloads and caches them now. If they cannot be cached,
// it returns them with a *CacheError.
func (s *Store) Fetch(ctx context.Context, request Request) (Charts, error) {
	if charts := s.cache.read(request.Source); charts != nil {
		return charts, nil
	}
	access, err := request.Access(ctx)
	if err != nil {
		return nil, err
	}
	charts, err := Fetch(ctx, request.Source, access, s.options.Limits)
	if err != nil {
		return nil, err
	}
	if err := s.cache.write(request.Source, charts); err != nil {
		return charts, &CacheError{cause: err}
	}
	return charts, nil
}

// CacheError reports that charts were downloaded but could not be cached on disk.
type CacheError struct{ cause error }

func (e *CacheError) Error() string {
	return fmt.Sprintf("%v: give the operator a writable cache directory", e.cause)
}

func (e *CacheError) Unwrap() error { return e.cause }

func (s *Store) finish(j *job, charts Charts, err error) {
	s.mu.Lock()
	j.running, j.charts = false, charts
	if charts == nil && s.ctx.Err() == nil {
		j.fail(err, s.options.Now())
	}
	s.mu.Unlock()
	if charts != nil && err != nil && s.options.Warn != nil {
		s.options.Warn(err)
	}
	if s.options.Changed != nil {
		s.options.Changed()
	}
}

// fail stores the failure of an attempt, and when the next one is due.
func (j *job) fail(err error, now time.Time) {
	failure := &Error{}
	if !errors.As(err, &failure) {
		failure = temporary("%v", err)
	}
	pause := j.pauses.Step()
	if !failure.Temporary {
		pause = maxBackoff
	}
	j.failure, j.nextAttempt = failure, now.Add(pause)
}
