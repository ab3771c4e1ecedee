// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// UpgradeNote is what Istio's release notes say to those who upgrade, in Markdown.
type UpgradeNote struct {
	Title   string `json:"title"`
	Content string `json:"content"`
}

// notesFiles is filled at build time by hack/upgradenotes.
//
//go:embed all:upgradenotes
var notesFiles embed.FS

// ErrNoUpgradeNotes reports that the binary was built without Istio's upgrade notes.
var ErrNoUpgradeNotes = errors.New("this binary was built without Istio's upgrade notes: build it with `make build`, " +
	"which copies them from the Go module cache (hack/upgradenotes)")

// bundledNotes are the upgrade notes of each bundled release that the one before it does not
// have.
var bundledNotes = sync.OnceValues(func() (map[string][]UpgradeNote, error) {
	content, err := notesFiles.ReadFile("upgradenotes/notes.json")
	if err != nil {
		return nil, ErrNoUpgradeNotes
	}
	notes := map[string][]UpgradeNote{}
	if err := json.Unmarshal(content, &notes); err != nil {
		return nil, fmt.Errorf("reading Istio's upgrade notes: %w", err)
	}
	return notes, nil
})

// UpgradeNotes returns what is new in the upgrade notes between two versions, oldest release
// first: of the bundled releases that are newer than the first version and not newer than
// the second. There are none for a downgrade. Notes of a release that is not bundled stand
// with the next bundled one.
func UpgradeNotes(from, to string) ([]UpgradeNote, error) {
	older, olderErr := semver.NewVersion(from)
	newer, newerErr := semver.NewVersion(to)
	if olderErr != nil || newerErr != nil {
		return nil, nil
	}
	bundled, err := bundledNotes()
	if err != nil {
		return nil, err
	}
	var notes []UpgradeNote
	for _, release := range Versions() {
		version := semver.MustParse(release)
		if version.GreaterThan(older) && !version.GreaterThan(newer) {
			notes = append(notes, bundled[release]...)
		}
	}
	return notes, nil
}
