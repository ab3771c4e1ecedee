// SPDX-License-Identifier: Apache-2.0

package node

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
)

// WriteImage writes the archive of an image that consists of one static program, as docker save
// does. The program runs as root.
func WriteImage(archive, reference, program string, args ...string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	inside := path.Base(program)
	layer, err := pack(file{name: inside, mode: 0o755, content: content})
	if err != nil {
		return fmt.Errorf("packing the image %s: %w", reference, err)
	}
	config, manifest, err := describe(reference, layer, append([]string{"/" + inside}, args...))
	if err != nil {
		return fmt.Errorf("packing the image %s: %w", reference, err)
	}
	all, err := pack(
		file{name: "manifest.json", mode: 0o644, content: manifest},
		file{name: "config.json", mode: 0o644, content: config},
		file{name: "layer.tar", mode: 0o644, content: layer},
	)
	if err != nil {
		return fmt.Errorf("packing the image %s: %w", reference, err)
	}
	return os.WriteFile(archive, all, 0o600)
}

// describe makes the image's configuration and the list of what the archive holds.
func describe(reference string, layer []byte, entrypoint []string) (config, manifest []byte, err error) {
	config, err = json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": entrypoint},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, nil, err
	}
	manifest, err = json.Marshal([]any{map[string]any{
		"Config": "config.json", "RepoTags": []string{reference}, "Layers": []string{"layer.tar"},
	}})
	return config, manifest, err
}

type file struct {
	name    string
	mode    int64
	content []byte
}

func pack(files ...file) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content))}); err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(f.content)); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return archive.Bytes(), err
}
