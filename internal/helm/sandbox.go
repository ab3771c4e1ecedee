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

// sandbox loads and renders archives, and charts with values that can expand, in a child
// process: Helm cannot be interrupted, and templates can loop or allocate without limit.
// The child is this executable with only childVariable in its environment.
type sandbox struct {
	limits sandboxLimits
	// executable is the program to start. Empty: this executable.
	executable string

	mu      sync.Mutex
	stopped stoppedRender
}

// sandboxLimits bound one child process.
type sandboxLimits struct {
	// deadline limits its run time.
	deadline time.Duration
	// memory limits its data segment, in bytes.
	memory uint64
	// output limits its response, in bytes.
	output int
}

// limits are well above what Istio's charts need. The operator's pod needs this memory on
// top of its own.
var limits = sandboxLimits{deadline: 30 * time.Second, memory: 256 << 20, output: 16 << 20}

func newSandbox() *sandbox { return &sandbox{limits: limits} }

// retryAfter is how long a stopped request is not repeated: each attempt can take as long
// as the first.
const retryAfter = time.Minute

// stoppedRender is the newest request that was stopped.
type stoppedRender struct {
	digest [sha256.Size]byte
	err    error
	until  time.Time
}

// StoppedError reports that the child process exceeded a limit and was stopped.
type StoppedError struct{ text string }

func (e *StoppedError) Error() string {
	return e.text + ": check that the chart is Istio's, and that no value expands without limit"
}

// StartError reports that the child process could not be started, for example because the
// node is out of processes or memory. It is temporary.
type StartError struct{ Cause error }

func (e *StartError) Error() string {
	return fmt.Sprintf("the rendering process cannot be started: %v", e.Cause)
}

func (e *StartError) Unwrap() error { return e.Cause }

// childRequest and childResponse are exchanged with the child process as JSON. A request
// has an archive to load or a chart to render.
type childRequest struct {
	Archive []byte          `json:",omitempty"`
	Chart   json.RawMessage `json:",omitempty"`
	Request Request
	Memory  uint64
}

type childResponse struct {
	Chart    json.RawMessage `json:",omitempty"`
	Manifest string
	Objects  []json.RawMessage
	Error    string
}

// load loads an archive in a child process.
func (s *sandbox) load(archive []byte) (*chart.Chart, error) {
	response, err := s.call(childRequest{Archive: archive})
	if err != nil {
		return nil, err
	}
	if response.Error != "" {
		return nil, &ArchiveError{response.Error}
	}
	loaded := &chart.Chart{}
	if err := json.Unmarshal(response.Chart, loaded); err != nil {
		return nil, fmt.Errorf("decoding the loaded chart: %w", err)
	}
	return loaded, nil
}

// render renders a chart in a child process.
func (s *sandbox) render(source *chart.Chart, request Request) (string, []*unstructured.Unstructured, error) {
	content, err := json.Marshal(source)
	if err != nil {
		return "", nil, err
	}
	response, err := s.call(childRequest{Chart: content, Request: request})
	if err != nil {
		return "", nil, err
	}
	return readRendered(response)
}

// call sends a request to a child process, unless the same one was stopped within
// retryAfter.
func (s *sandbox) call(request childRequest) (childResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Memory = s.limits.memory
	content, err := json.Marshal(request)
	if err != nil {
		return childResponse{}, err
	}
	sum := sha256.Sum256(content)
	if s.stopped.digest == sum && time.Now().Before(s.stopped.until) {
		return childResponse{}, s.stopped.err
	}
	output, err := s.run(content)
	if stopped := (&StoppedError{}); errors.As(err, &stopped) {
		s.stopped = stoppedRender{digest: sum, err: err, until: time.Now().Add(retryAfter)}
	}
	if err != nil {
		return childResponse{}, err
	}
	response := childResponse{}
	if err := json.Unmarshal(output, &response); err != nil {
		return childResponse{}, fmt.Errorf("decoding the rendered chart: %w", err)
	}
	return response, nil
}

// run starts a child process and returns its output.
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
	stdout, stderr := &limitedBuffer{limit: s.limits.output}, &limitedBuffer{limit: 64 << 10}
	child := exec.CommandContext(ctx, executable)
	child.Env = []string{childVariable + "=1"}
	child.Stdin, child.Stdout, child.Stderr = bytes.NewReader(content), stdout, stderr
	child.WaitDelay = time.Second
	if err := child.Start(); err != nil {
		return nil, &StartError{err}
	}
	err = child.Wait()
	switch {
	case stdout.exceeded:
		return nil, &StoppedError{fmt.Sprintf("its output is larger than %d MiB", s.limits.output>>20)}
	case ctx.Err() != nil:
		return nil, &StoppedError{fmt.Sprintf("it takes longer than %s", s.limits.deadline)}
	case err != nil && outOfMemory(child, stderr.content.String()):
		return nil, &StoppedError{fmt.Sprintf("it needs more than %d MiB of memory", s.limits.memory>>20)}
	case err != nil && strings.Contains(stderr.content.String(), "failed to create new OS thread"):
		return nil, &StartError{errors.New("no more threads can be created")}
	case err != nil:
		return nil, fmt.Errorf("the rendering process failed: %w", err)
	}
	return stdout.content.Bytes(), nil
}

// program returns the path of the executable to start.
func (s *sandbox) program() (string, error) {
	if s.executable != "" {
		return s.executable, nil
	}
	return os.Executable()
}

// outOfMemory reports whether the Go runtime or the kernel ended the child for lack of
// memory.
func outOfMemory(child *exec.Cmd, stderr string) bool {
	if child.ProcessState == nil {
		return false
	}
	return strings.Contains(stderr, "out of memory") || strings.Contains(stderr, "cannot allocate memory") ||
		strings.Contains(stderr, "stack overflow") || !child.ProcessState.Exited()
}

func readRendered(response childResponse) (string, []*unstructured.Unstructured, error) {
	if response.Error != "" {
		return "", nil, errors.New(response.Error)
	}
	objects := make([]*unstructured.Unstructured, len(response.Objects))
	for i, content := range response.Objects {
		objects[i] = &unstructured.Unstructured{}
		if err := utiljson.Unmarshal(content, &objects[i].Object); err != nil {
			return "", nil, fmt.Errorf("decoding the rendered chart: %w", err)
		}
	}
	return response.Manifest, objects, nil
}

// limitedBuffer keeps up to limit bytes, and fails beyond.
type limitedBuffer struct {
	content  bytes.Buffer // Not embedded: its ReadFrom would go past Write.
	limit    int
	exceeded bool
}

// Write fails if the limit is exceeded, which ends the writer.
func (b *limitedBuffer) Write(content []byte) (int, error) {
	if b.content.Len()+len(content) > b.limit {
		b.exceeded = true
		return 0, errors.New("too much")
	}
	return b.content.Write(content)
}
