// SPDX-License-Identifier: Apache-2.0

// Package imagebuild makes the container images that a real node needs for a mesh, without a
// container engine: archives that `ctr images import` takes. docs/end-to-end-images.md
// says what is in them.
package imagebuild

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

const (
	// Workload is the image with which tests put load on a mesh: see test/e2e/workload.
	Workload = "gloo-operator.test/workload:e2e"
	// StandIn is the stand-in for ztunnel by its own name, which is there beside the real
	// ztunnel, too: with it tests ask istiod.
	StandIn = "gloo-operator.test/ztunnel-stand-in:e2e"
)

// Tarball is one image.
type Tarball struct {
	// Name is the reference by which pods ask for it.
	Name string
	// Path of the archive, an OCI image layout, in the user's cache.
	Path string
}

// Paths are those of the tarballs.
func Paths(of []Tarball) []string {
	var paths []string
	for _, one := range of {
		paths = append(paths, one.Path)
	}
	return paths
}

// Find is the one of that name.
func Find(among []Tarball, name string) (Tarball, error) {
	for _, one := range among {
		if one.Name == name {
			return one, nil
		}
	}
	return Tarball{}, fmt.Errorf("no image %s among %v", name, Paths(among))
}

// Build makes the images of the operator, of a workload, of the stand-in, and of those releases of Istio,
// for this machine's architecture. What it compiles and downloads for the first time takes
// minutes, which it reports to log; afterwards it takes seconds.
func Build(ctx context.Context, log io.Writer, versions ...string) ([]Tarball, error) {
	root, err := toolchain.Root()
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(root, log)
	if err != nil {
		return nil, err
	}
	defer b.close()
	steps := []func(context.Context) error{
		b.operator, b.workload,
		func(ctx context.Context) error { return b.standIn(ctx, StandIn) },
	}
	for _, version := range versions {
		release, err := istio.Find(version)
		if err != nil {
			return nil, err
		}
		steps = append(steps, b.release(release)...)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return b.made, nil
}

// builder makes images one after the other.
type builder struct {
	// root is the repository.
	root string
	log  io.Writer
	// scratch is for what is not needed once the images are made.
	scratch string
	// cache is where the images stay.
	cache string
	made  []Tarball
}

func newBuilder(root string, log io.Writer) (*builder, error) {
	cache := filepath.Join(toolchain.UserDir(), "images")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache of images: %w", err)
	}
	scratch, err := os.MkdirTemp(cache, ".making-")
	return &builder{root: root, log: log, scratch: scratch, cache: cache}, err
}

func (b *builder) close() { _ = os.RemoveAll(b.scratch) } // nothing is in it that is needed
