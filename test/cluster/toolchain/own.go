// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
)

// BuildOwn compiles the programs below test/cluster/programs into the directory. They are small, and
// of the working tree, so they are compiled for each cluster.
func BuildOwn(ctx context.Context, dir string, log io.Writer) (Tools, error) {
	root, err := Root()
	if err != nil {
		return Tools{}, err
	}
	progress := startProgress(log, "test/cluster/programs")
	err = goCommand(ctx, root, progress, "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
		"-o", dir+string(filepath.Separator), "./test/cluster/programs/...")
	progress.stop(err)
	if err != nil {
		return Tools{}, fmt.Errorf("building the programs of real nodes: %w", err)
	}
	return Tools{dir: dir}, nil
}
