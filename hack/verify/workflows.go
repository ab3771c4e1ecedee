// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// workflowTool is the module that pins actionlint.
const workflowTool = "hack/tools/workflows/go.mod"

// workflows checks GitHub's workflows, which nothing here runs. Shell scripts in them are not
// checked: programs that only some machines have must not decide.
func workflows(ctx context.Context, t *tree) error {
	files := t.workflowFiles()
	if len(files) == 0 {
		return nil
	}
	args := []string{"tool", "-modfile=" + workflowTool, "actionlint", "-no-color", "-shellcheck=", "-pyflakes="}
	_, err := command(ctx, t.clone, "go", append(args, files...)...)
	return errors.Join(err, t.forbid(files, unpinned))
}

func (t *tree) workflowFiles() []string {
	return slices.DeleteFunc(slices.Concat(t.with(".yaml"), t.with(".yml")), func(name string) bool {
		return filepath.Dir(name) != ".github/workflows"
	})
}

var (
	// usedAction is a step or a job that runs an action, with what follows its name.
	usedAction = regexp.MustCompile(`^\s*(?:- )?uses:\s*(\S+)`)
	// pinnedAction names a commit: a tag can be moved to another one.
	pinnedAction = regexp.MustCompile(`@[0-9a-f]{40}$`)
)

// unpinned reports whether a line runs an action of another repository without naming its commit.
func unpinned(line string) bool {
	used := usedAction.FindStringSubmatch(line)
	return used != nil && !strings.HasPrefix(used[1], "./") && !pinnedAction.MatchString(used[1])
}
