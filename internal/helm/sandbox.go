// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// sandbox loads and renders a chart that nobody vouches for, or with values that may
// grow in it, in a process of its own: Helm cannot be interrupted, and templates can
// loop or grow without end. The process is this executable again, with nothing in its
// environment but childVariable.
type sandbox struct {
	limits sandboxLimits
	// executable is what is started. Empty: this executable.
	executable string

	mu      sync.Mutex
	stopped refusal
}

// sandboxLimits bound one rendering.
type sandboxLimits struct {
	// deadline is how long it may take.
	deadline time.Duration
	// memory is how much data the process may have, in bytes.
	memory uint64
	// output is how much it may answer, in bytes.
	output int
}

// limits are well above what Istio's charts need, and the memory beside that of the
// operator is what its pod must be given.
var limits = sandboxLimits{deadline: 30 * time.Second, memory: 256 << 20, output: 16 << 20}

func newSandbox() *sandbox { return &sandbox{limits: limits} }

// again is how long a rendering that was stopped is not tried again: each try may
// take as long as the first.
const again = time.Minute

// refusal is the newest rendering that was stopped.
type refusal struct {
	order [sha256.Size]byte
	err   error
	until time.Time
}

// StoppedError says that a chart's rendering was stopped.
type StoppedError struct{ text string }

func (e *StoppedError) Error() string {
	return e.text + ": the chart is not one of Istio's, or is given values that make it endless"
}

// StartError says that the process that renders could not be started, as when the
// machine has no more processes or memory to give. It may pass by itself.
type StartError struct{ Cause error }

func (e *StartError) Error() string {
	return fmt.Sprintf("the process that renders cannot be started: %v", e.Cause)
}

func (e *StartError) Unwrap() error { return e.Cause }

// order and answer are what the processes say to each other, in JSON: an archive to
// load, or a chart to render.
type order struct {
	Archive []byte          `json:",omitempty"`
	Chart   json.RawMessage `json:",omitempty"`
	Request Request
	Memory  uint64
}

type answer struct {
	Chart    json.RawMessage `json:",omitempty"`
	Manifest string
	Objects  []json.RawMessage
	Error    string
}

// load has the child load an archive.
func (s *sandbox) load(archive []byte) (*chart.Chart, error) {
	said, err := s.ask(order{Archive: archive})
	if err != nil {
		return nil, err
	}
	if said.Error != "" {
		return nil, &ArchiveError{said.Error}
	}
	loaded := &chart.Chart{}
	if err := json.Unmarshal(said.Chart, loaded); err != nil {
		return nil, fmt.Errorf("reading what was loaded: %w", err)
	}
	return loaded, nil
}

// render has the child render.
func (s *sandbox) render(form *chart.Chart, request Request) (string, []*unstructured.Unstructured, error) {
	content, err := json.Marshal(form)
	if err != nil {
		return "", nil, err
	}
	said, err := s.ask(order{Chart: content, Request: request})
	if err != nil {
		return "", nil, err
	}
	return readRendered(said)
}

// ask has the child carry out an order, unless it was stopped at the same just now.
func (s *sandbox) ask(asked order) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked.Memory = s.limits.memory
	content, err := json.Marshal(asked)
	if err != nil {
		return answer{}, err
	}
	sum := sha256.Sum256(content)
	if s.stopped.order == sum && time.Now().Before(s.stopped.until) {
		return answer{}, s.stopped.err
	}
	output, err := s.run(content)
	if stopped := (&StoppedError{}); errors.As(err, &stopped) {
		s.stopped = refusal{order: sum, err: err, until: time.Now().Add(again)}
	}
	if err != nil {
		return answer{}, err
	}
	said := answer{}
	if err := json.Unmarshal(output, &said); err != nil {
		return answer{}, fmt.Errorf("reading what was rendered: %w", err)
	}
	return said, nil
}

// run starts the child and returns what it writes.
func (s *sandbox) run(content []byte) ([]byte, error) {
	if os.Getenv(childVariable) != "" {
		return nil, errors.New("this executable does not call RenderIfChild first")
	}
	executable, err := s.program()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limits.deadline)
	defer cancel()
	output, complaint := &bounded{limit: s.limits.output}, &bounded{limit: 64 << 10}
	child := exec.CommandContext(ctx, executable)
	child.Env = []string{childVariable + "=1"}
	child.Stdin, child.Stdout, child.Stderr = bytes.NewReader(content), output, complaint
	child.WaitDelay = time.Second
	if err := child.Start(); err != nil {
		return nil, &StartError{err}
	}
	err = child.Wait()
	switch {
	case output.exceeded:
		return nil, &StoppedError{fmt.Sprintf("it makes more than %d MiB", s.limits.output>>20)}
	case ctx.Err() != nil:
		return nil, &StoppedError{fmt.Sprintf("it takes longer than %s", s.limits.deadline)}
	case err != nil && starved(child, complaint.kept.String()):
		return nil, &StoppedError{fmt.Sprintf("it needs more than %d MiB of memory", s.limits.memory>>20)}
	case err != nil && strings.Contains(complaint.kept.String(), "failed to create new OS thread"):
		return nil, &StartError{errors.New("it gets no threads")}
	case err != nil:
		return nil, fmt.Errorf("the process that renders: %w", err)
	}
	return output.kept.Bytes(), nil
}

// program is what is started.
func (s *sandbox) program() (string, error) {
	if s.executable != "" {
		return s.executable, nil
	}
	return os.Executable()
}

// starved tells a child that the Go runtime or the kernel ended for want of memory.
func starved(child *exec.Cmd, complaint string) bool {
	if child.ProcessState == nil {
		return false
	}
	return strings.Contains(complaint, "out of memory") || strings.Contains(complaint, "cannot allocate memory") ||
		strings.Contains(complaint, "stack overflow") || !child.ProcessState.Exited()
}

func readRendered(said answer) (string, []*unstructured.Unstructured, error) {
	if said.Error != "" {
		return "", nil, errors.New(said.Error)
	}
	objects := make([]*unstructured.Unstructured, len(said.Objects))
	for i, content := range said.Objects {
		objects[i] = &unstructured.Unstructured{}
		if err := utiljson.Unmarshal(content, &objects[i].Object); err != nil {
			return "", nil, fmt.Errorf("reading what was rendered: %w", err)
		}
	}
	return said.Manifest, objects, nil
}

// bounded keeps up to limit bytes, and fails at more.
type bounded struct {
	kept     bytes.Buffer // Not embedded: its ReadFrom would go past Write.
	limit    int
	exceeded bool
}

// Write fails where the limit is exceeded, which ends who writes.
func (b *bounded) Write(content []byte) (int, error) {
	if b.kept.Len()+len(content) > b.limit {
		b.exceeded = true
		return 0, errors.New("too much")
	}
	return b.kept.Write(content)
}
