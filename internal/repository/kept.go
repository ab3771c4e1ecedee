// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// holding names charts that an owner has got.
type holding struct{ owner, version string }

// Kept returns the charts of a version without its source: those that the owner got last
// from this store, or else those on disk that were used last. Nil: there are none.
func (s *Store) Kept(owner, version string) Charts {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := holding{owner, version}
	if _, known := s.kept[key]; !known {
		s.kept[key] = s.cache.lastUsed(version)
	}
	return s.kept[key]
}

// Retain releases what an owner has got of other versions than these.
func (s *Store) Retain(owner string, versions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.kept, func(key holding, _ Charts) bool {
		return key.owner == owner && !slices.Contains(versions, key.version)
	})
}

// lastUsed returns the charts of a version that were used last, whatever their source.
func (c cache) lastUsed(version string) Charts {
	if c.folder == "" {
		return nil
	}
	paths, err := filepath.Glob(filepath.Join(c.folder, versionPrefix(version)+"*"+suffix))
	if err != nil {
		return nil
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(ageOf(a), ageOf(b)) })
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if charts, err := decode(Source{Version: version}, content, c.limits); err == nil {
			return charts
		}
	}
	return nil
}

// ageOf is how long ago the file was used.
func ageOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return int64(age(info))
}

// versionPrefix begins the names of the files of a version.
func versionPrefix(version string) string {
	sum := sha256.Sum256([]byte(version))
	return hex.EncodeToString(sum[:8]) + "-"
}
