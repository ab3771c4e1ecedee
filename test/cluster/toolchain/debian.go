package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Prometheus is the Debian package of Prometheus and promtool: unlike the other tools it is not
// compiled, which would take longer than all of them together.
func Prometheus() Package {
	return Package{Name: "prometheus", Programs: []string{"prometheus", "promtool"}}
}

// Package is a Debian package with programs that need nothing else of it.
type Package struct {
	// Name of the package.
	Name string
	// Programs are the names that Path takes.
	Programs []string
}

// Unpack finds the package's programs: on the PATH, or else unpacked into the user's cache, where
// they are put the first time. Nothing is installed, so that no service starts.
func Unpack(ctx context.Context, p Package, log io.Writer) (Tools, error) {
	if tools, found := p.installed(); found {
		return tools, nil
	}
	cache, err := cacheDir()
	if err != nil {
		return Tools{}, err
	}
	target := filepath.Join(cache, "debian-"+p.Name)
	if err := once(ctx, target, target, log, func() error { return p.unpack(ctx, target, log) }); err != nil {
		return Tools{}, fmt.Errorf("getting Debian's package %s (without apt, put %s on the PATH): %w", p.Name, strings.Join(p.Programs, " and "), err)
	}
	return Tools{dir: filepath.Join(target, "usr", "bin")}, nil
}

// installed finds the programs on the PATH, in one folder.
func (p Package) installed() (Tools, bool) {
	var tools Tools
	for _, program := range p.Programs {
		path, err := exec.LookPath(program)
		if err != nil || tools.dir != "" && tools.dir != filepath.Dir(path) {
			return Tools{}, false
		}
		tools.dir = filepath.Dir(path)
	}
	return tools, true
}

// unpack works beside target and renames at the end.
func (p Package) unpack(ctx context.Context, target string, log io.Writer) error {
	fmt.Fprintf(log, "%s: downloading Debian's package\n", p.Name)
	return unpackPackages(ctx, target, []string{p.Name})
}

// unpackPackages unpacks Debian packages into one folder, beside target until all are there.
func unpackPackages(ctx context.Context, target string, names []string) error {
	partial, err := os.MkdirTemp(filepath.Dir(target), ".unpacking-"+names[0]+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	if err := download(ctx, partial, names); err != nil {
		return err
	}
	for _, name := range names {
		if err := extract(ctx, partial, name); err != nil {
			return err
		}
	}
	return os.Rename(partial, target)
}

// extract unpacks the one archive of that package which is in the folder, and removes it.
func extract(ctx context.Context, dir, name string) error {
	archives, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("apt-get has left %d packages %s in %s", len(archives), name, dir)
	}
	if err := tool(ctx, dir, "dpkg-deb", "--extract", archives[0], dir); err != nil {
		return err
	}
	return os.Remove(archives[0])
}

// download fetches packages. A new machine knows of no packages yet: then, and where what it
// knows of is no longer there, their list is fetched first, for which one has to be root.
func download(ctx context.Context, dir string, names []string) error {
	arguments := append([]string{"download"}, names...)
	first := tool(ctx, dir, "apt-get", arguments...)
	if first == nil {
		return nil
	}
	if err := tool(ctx, dir, "apt-get", "update"); err != nil {
		return errors.Join(first, err)
	}
	return tool(ctx, dir, "apt-get", arguments...)
}

// tool runs a program of Debian's in that folder.
func tool(ctx context.Context, dir, program string, args ...string) error {
	_, err := toolOutput(ctx, dir, program, args...)
	return err
}

// toolOutput is what a program of Debian's says.
func toolOutput(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, args[0], err, out)
	}
	return string(out), nil
}
