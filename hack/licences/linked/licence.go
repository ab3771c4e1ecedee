// SPDX-License-Identifier: Apache-2.0

package linked

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// Allowed are the licences of code that may be linked into the operator, by their SPDX
// identifiers: they let anyone pass the binary on, in products with closed source as
// well, with no more than a notice. MPL-2.0 asks for the source of its own files
// besides, which the module proxy serves unchanged.
var Allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

// understood is how much of a licence file, in percent, has to be known text. The rest
// is names and years. It is the bound of pkg.go.dev.
const understood = 75

// licenceFile matches names of files with licences, and not of code that is about them.
var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([.-].*)?$`)

// notOfCode are endings of such names where the licence is not one of linked code.
var notOfCode = []string{".docs", ".go"}

// classify reads the licences of a module.
func (f *directories) classify() Module {
	module := Module{Path: f.path, Version: f.version}
	var problems []error
	for _, directory := range f.names {
		licences, err := in(directory)
		if err != nil {
			problems = append(problems, err)
		}
		module.Licences = append(module.Licences, licences...)
	}
	slices.Sort(module.Licences)
	module.Licences = slices.Compact(module.Licences)
	if len(module.Licences) == 0 && len(problems) == 0 {
		problems = append(problems, errors.New("has no licence file"))
	}
	for _, licence := range module.Licences {
		if !slices.Contains(Allowed, licence) {
			problems = append(problems, fmt.Errorf("is under %s, which is not allowed", licence))
		}
	}
	module.Problem = errors.Join(problems...)
	return module
}

// in returns the licences of the files in one directory.
func in(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var licences []string
	var problems []error
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !licenceFile.MatchString(name) || slices.Contains(notOfCode, filepath.Ext(strings.ToLower(name))) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(directory, name))
		if err != nil {
			return nil, err
		}
		known, err := identify(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("has a licence file %s %w", name, err))
		}
		licences = append(licences, known...)
	}
	return licences, errors.Join(problems...)
}

// identify returns which licences a text consists of.
func identify(text []byte) ([]string, error) {
	scan := licensecheck.Scan(text)
	if scan.Percent < understood {
		return nil, fmt.Errorf("of which %.0f %% is known text: want %d %%", scan.Percent, understood)
	}
	var licences []string
	for _, match := range scan.Match {
		if !match.IsURL {
			licences = append(licences, match.ID)
		}
	}
	return licences, nil
}
