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

// childVariable marks the process that renders.
const childVariable = "GLOO_OPERATOR_RENDER"

// longestError is how much of a chart's error message is kept, in bytes.
const longestError = 1024

// RenderIfChild renders and exits where this process was started to do so, and
// returns otherwise. An executable that renders charts that are not compiled in
// calls it first.
func RenderIfChild() {
	if os.Getenv(childVariable) == "" {
		return
	}
	if err := renderOrder(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// renderOrder reads an order and writes the answer.
func renderOrder(in io.Reader, out io.Writer) error {
	content, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	asked := order{}
	if err := utiljson.Unmarshal(content, &asked); err != nil {
		return err
	}
	if err := confine(asked.Memory); err != nil {
		return fmt.Errorf("bounding the memory: %w", err)
	}
	return json.NewEncoder(out).Encode(carryOut(asked))
}

// confine makes the kernel refuse memory beyond the limit, and Go collect before.
func confine(memory uint64) error {
	debug.SetMemoryLimit(int64(memory) / 4 * 3)
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: memory, Max: memory})
}

func carryOut(asked order) answer {
	if len(asked.Archive) > 0 {
		return load(asked.Archive)
	}
	form := &chart.Chart{}
	if err := json.Unmarshal(asked.Chart, form); err != nil { // Not utiljson: defaults are floats in Helm's own loader.
		return refuse(err)
	}
	manifest, objects, err := render(form, asked.Request)
	if err != nil {
		return refuse(err)
	}
	rendered := answer{Manifest: manifest}
	for _, object := range objects {
		content, err := json.Marshal(object.Object)
		if err != nil {
			return refuse(err)
		}
		rendered.Objects = append(rendered.Objects, content)
	}
	return rendered
}

func load(archive []byte) answer {
	loaded, err := loadArchive(archive)
	if err != nil {
		return refuse(err)
	}
	content, err := json.Marshal(loaded)
	if err != nil {
		return refuse(err)
	}
	return answer{Chart: content}
}

func refuse(err error) answer {
	return answer{Error: fmt.Sprintf("%.*s", longestError, err.Error())}
}
