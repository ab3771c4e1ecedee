// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// The pauses between tries: after a temporary failure the first, doubled each time
// up to the last; after one that needs a person always the last, since somebody may
// have mended it.
const (
	firstPause = 2 * time.Second
	lastPause  = time.Minute
)

// Options are the settings of a store.
type Options struct {
	// Folder is where charts are kept, so that no repository is needed for those that
	// were fetched once. It is made when it is first needed. Empty: nothing is kept.
	Folder string
	// Size bounds what is kept, in bytes. Zero: CacheSize.
	Size int64
	// Limits bound downloads. Zero: DefaultLimits.
	Limits Limits
	// Changed is called whenever a download has ended, from its own goroutine.
	Changed func()
	// Warn is called with what does not stop a download: a *KeepError. Nil: not.
	Warn func(error)
	// Now tells the time. Nil: time.Now.
	Now func() time.Time
}

// Request asks for charts.
type Request struct {
	// Owner is who asks. Each owner has one download at a time: asking for another
	// source ends the one before.
	Owner string
	// Source of the charts.
	Source Source
	// Attempt is different where a failure is to be forgotten: since spec has changed.
	Attempt string
	// Access finds the credentials, when they are needed. Its errors are the download's.
	Access func(context.Context) (Access, error)
}

// Waiting says that there are no charts yet, and why.
type Waiting struct {
	// Failure is the last try's. Nil during the first.
	Failure *Error
	// Again is when it is worth asking again. Zero: when Changed is called.
	Again time.Duration
	// Source is what is waited for.
	Source Source
}

func (w *Waiting) Error() string {
	if w.Failure == nil {
		return "fetching " + w.Source.String()
	}
	return "fetching the charts: " + w.Failure.Error()
}

// Unwrap gives the failure.
func (w *Waiting) Unwrap() error {
	if w.Failure == nil {
		return nil
	}
	return w.Failure
}

// Reason is a constant of api/v1.
func (w *Waiting) Reason() string {
	if w.Failure == nil {
		return v1.ReasonFetchingCharts
	}
	return w.Failure.Reason
}

// Store gives out charts: those that are kept at once, others when they have been
// fetched in the background. It is safe for concurrent use.
type Store struct {
	ctx     context.Context
	options Options
	cache   cache

	mu   sync.Mutex
	jobs map[string]*job
	kept map[holding]Charts
}

// job is the charts of one owner, or the way to them.
type job struct {
	source   Source
	attempt  string
	charts   Charts
	cancel   context.CancelFunc
	running  bool
	failure  *Error
	failures int
	again    time.Time
}

// NewStore makes a store whose downloads end with the context.
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
		ctx: ctx, options: options, jobs: map[string]*job{}, kept: map[holding]Charts{},
		cache: cache{folder: options.Folder, size: options.Size, limits: options.Limits},
	}
}

// Charts returns the charts, or a *Waiting. It never waits itself.
func (s *Store) Charts(request Request) (Charts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.job(request)
	if j.charts != nil {
		s.kept[holding{request.Owner, request.Source.Version}] = j.charts
		return j.charts, nil
	}
	now := s.options.Now()
	if !j.running && !now.Before(j.again) {
		s.start(j, request)
	}
	waiting := &Waiting{Failure: j.failure, Source: j.source}
	if !j.running {
		waiting.Again = j.again.Sub(now)
	}
	return nil, waiting
}

// job finds the owner's job, or begins one, with what is kept, where another is asked
// for or a failure is to be forgotten.
func (s *Store) job(request Request) *job {
	j := s.jobs[request.Owner]
	if j != nil && j.source == request.Source && (j.charts != nil || j.attempt == request.Attempt) {
		return j
	}
	if j != nil {
		j.cancel()
	}
	j = &job{source: request.Source, attempt: request.Attempt, cancel: func() {}, charts: s.cache.read(request.Source)}
	s.jobs[request.Owner] = j
	return j
}

// Forget ends what is under way for an owner. What the owner has got is Retain's.
func (s *Store) Forget(owner string) {
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

// Fetch returns the charts that are kept, or fetches them now, and keeps them. Where
// they cannot be kept it returns them with a *KeepError.
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
		return charts, &KeepError{cause: err}
	}
	return charts, nil
}

// KeepError says that charts were fetched and could not be kept on disk.
type KeepError struct{ cause error }

func (e *KeepError) Error() string {
	return fmt.Sprintf("%v: give the operator a folder to write to", e.cause)
}

func (e *KeepError) Unwrap() error { return e.cause }

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

// fail remembers why a try failed, and when the next one is due.
func (j *job) fail(err error, now time.Time) {
	failure := &Error{}
	if !errors.As(err, &failure) {
		failure = temporary("%v", err)
	}
	pause := lastPause
	if failure.Temporary && j.failures < 6 { // 2 s · 2⁵ is more than the last pause.
		pause = min(lastPause, firstPause<<j.failures)
	}
	j.failure, j.again = failure, now.Add(pause)
	j.failures++
}
