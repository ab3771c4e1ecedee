// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// named matches what apt-cache says of a package that there is: others it puts in brackets, or
// behind what they are for.
var named = regexp.MustCompile(`(?m)^[a-z0-9][a-z0-9+.-]*$`)

// RootFS unpacks Debian packages and all that they depend on into one directory of the user's
// cache, the first time: their programs run with that directory as their root. No script of a
// package runs, so links that those make are not there.
func RootFS(ctx context.Context, log io.Writer, packages ...string) (string, error) {
	name := strings.Join(packages, "-")
	target, err := unpacked(ctx, "rootfs-"+name, log, func(archives string) error {
		fmt.Fprintf(log, "%s: downloading Debian's packages and what they depend on\n", name)
		all, err := closure(ctx, packages)
		if err != nil {
			return err
		}
		return download(ctx, archives, all)
	}, nil)
	if err != nil {
		return "", fmt.Errorf("getting Debian's packages %s and what they depend on: %w", strings.Join(packages, ", "), err)
	}
	return target, nil
}

// closure lists packages and what they depend on. A new machine knows of none, see apt.
func closure(ctx context.Context, packages []string) ([]string, error) {
	all, err := dependencies(ctx, packages)
	if err == nil && len(all) >= len(packages) {
		return all, nil
	}
	if err := tool(ctx, "/", "apt-get", "update"); err != nil {
		return nil, err
	}
	return dependencies(ctx, packages)
}

func dependencies(ctx context.Context, packages []string) ([]string, error) {
	arguments := append([]string{
		"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-enhances",
		"--no-conflicts", "--no-breaks", "--no-replaces",
	}, packages...)
	out, err := toolOutput(ctx, "/", "apt-cache", arguments...)
	return named.FindAllString(out, -1), err
}
