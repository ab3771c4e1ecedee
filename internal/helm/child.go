// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
	"helm.sh/helm/v3/pkg/chart"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// childVariable is set in the environment of a child process that renders.
const childVariable = "GLOO_OPERATOR_RENDER"

// longestError is the maximum length of an error message of a chart, in bytes.
const longestError = 1024

// RenderIfChild serves a rendering request and exits if this process is a child that was
// started for one. Otherwise it returns. An executable that loads archives must call it
// first.
func RenderIfChild() {
	if os.Getenv(childVariable) == "" {
		return
	}
	if err := serveRequest(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveRequest reads a request and writes the response.
func serveRequest(in io.Reader, out io.Writer) error {
	content, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	request := childRequest{}
	if err := utiljson.Unmarshal(content, &request); err != nil {
		return err
	}
	if err := limitMemory(request.Memory); err != nil {
		return fmt.Errorf("limiting the memory: %w", err)
	}
	return json.NewEncoder(out).Encode(handleRequest(request))
}

// limitMemory makes the kernel refuse memory beyond the limit in bytes, and Go's garbage
// collector run before.
func limitMemory(memory uint64) error {
	debug.SetMemoryLimit(int64(memory) / 4 * 3)
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: memory, Max: memory})
}

func handleRequest(request childRequest) childResponse {
	if len(request.Archive) > 0 {
		return load(request.Archive)
	}
	source := &chart.Chart{}
	if err := json.Unmarshal(request.Chart, source); err != nil { // Not utiljson: defaults are floats in Helm's own loader.
		return errorResponse(err)
	}
	manifest, objects, err := render(source, request.Request)
	if err != nil {
		return errorResponse(err)
	}
	response := childResponse{Manifest: manifest}
	for _, object := range objects {
		content, err := json.Marshal(object.Object)
		if err != nil {
			return errorResponse(err)
		}
		response.Objects = append(response.Objects, content)
	}
	return response
}

func load(archive []byte) childResponse {
	loaded, err := loadArchive(archive)
	if err != nil {
		return errorResponse(err)
	}
	content, err := json.Marshal(loaded)
	if err != nil {
		return errorResponse(err)
	}
	return childResponse{Chart: content}
}

func errorResponse(err error) childResponse {
	return childResponse{Error: fmt.Sprintf("%.*s", longestError, err.Error())}
}
