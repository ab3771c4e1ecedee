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

// owned identifies charts that an owner has received.
type owned struct{ owner, version string }

// Cached returns the charts of a version whose source is not known: those that the owner
// received last from this store, or else the most recently used ones on disk. Nil: there
// are none.
func (s *Store) Cached(owner, version string) Charts {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := owned{owner, version}
	if _, known := s.held[key]; !known {
		s.held[key] = s.cache.lastUsed(version)
	}
	return s.held[key]
}

// Retain releases all charts of an owner but those of these versions.
func (s *Store) Retain(owner string, versions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.held, func(key owned, _ Charts) bool {
		return key.owner == owner && !slices.Contains(versions, key.version)
	})
}

// lastUsed returns the most recently used charts of a version, from any source.
func (c cache) lastUsed(version string) Charts {
	if c.dir == "" {
		return nil
	}
	paths, err := filepath.Glob(filepath.Join(c.dir, versionPrefix(version)+"*"+suffix))
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

// ageOf returns how long ago the file was used.
func ageOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return int64(age(info))
}

// versionPrefix begins the names of a version's files.
func versionPrefix(version string) string {
	sum := sha256.Sum256([]byte(version))
	return hex.EncodeToString(sum[:8]) + "-"
}
