// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/gloo-operator/gloo-operator/internal/cli"
)

// platformName is how a directory with a binary is named.
var platformName = regexp.MustCompile(`^(linux|darwin)-(amd64|arm64)$`)

// binaryName is the archive of the command line for a platform, such as linux-amd64.
func binaryName(version, platform string) string {
	return fmt.Sprintf("%s-%s-%s.tar.gz", program, version, platform)
}

// addBinaries adds an archive of each binary, with the licence and completions for shells.
func (s source) addBinaries(files contents) error {
	licence, err := os.ReadFile(s.licence)
	if err != nil {
		return err
	}
	scripts, err := completions()
	if err != nil {
		return fmt.Errorf("completions: %w", err)
	}
	for _, binary := range s.binaries {
		platform := filepath.Base(filepath.Dir(binary))
		if !platformName.MatchString(platform) {
			return fmt.Errorf("%s: want it in a directory that matches %s", binary, platformName)
		}
		content, err := os.ReadFile(binary)
		if err != nil {
			return err
		}
		archive, err := compressed(s.created, append([]file{
			{name: program, content: content, mode: 0o755}, {name: "LICENSE", content: licence},
		}, scripts...))
		if err != nil {
			return fmt.Errorf("%s: %w", binary, err)
		}
		files[binaryName(s.version, platform)] = archive
	}
	return nil
}

// completions are scripts that complete the arguments of the command line, by the names
// that shells look for.
func completions() ([]file, error) {
	root := cli.NewRoot()
	var scripts []file
	for _, shell := range []struct {
		name  string
		write func(*bytes.Buffer) error
	}{
		{"completions/" + program + ".bash", func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) }},
		{"completions/_" + program, func(b *bytes.Buffer) error { return root.GenZshCompletion(b) }},
		{"completions/" + program + ".fish", func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) }},
		{"completions/" + program + ".ps1", func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) }},
	} {
		var script bytes.Buffer
		if err := shell.write(&script); err != nil {
			return nil, err
		}
		scripts = append(scripts, file{name: shell.name, content: script.Bytes()})
	}
	return scripts, nil
}
