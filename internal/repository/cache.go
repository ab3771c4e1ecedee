// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// CacheSize is the default size of the cache on disk, in bytes. The charts of an Istio
// version are less than one MiB.
const CacheSize = 64 << 20

// suffix ends the names of the cache's files. No other file in the directory is touched.
const suffix = ".charts"

// cache keeps charts in a directory, one file for each source. A file is the SHA-256 of its
// content in hexadecimal, followed by the charts as JSON.
type cache struct {
	dir    string
	size   int64
	limits Limits
}

// read returns the charts of a source, which it verifies again. Nil: they are not cached,
// or the file was changed.
func (c cache) read(source Source) Charts {
	if c.dir == "" {
		return nil
	}
	path := c.path(source)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	charts, err := decode(source, content, c.limits)
	if err != nil {
		_ = os.Remove(path) // It is fetched again.
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // The file may be read-only: then it is the first to go.
	return charts
}

// write caches the charts of a source, and evicts the least recently used files until the
// cache is within its size.
func (c cache) write(source Source, charts Charts) error {
	if c.dir == "" {
		return nil
	}
	content, err := json.Marshal(charts)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("caching charts: %w", err)
	}
	sum := sha256.Sum256(content)
	content = append(hex.AppendEncode(nil, sum[:]), content...)
	if err := replace(c.path(source), content); err != nil {
		return fmt.Errorf("caching charts: %w", err)
	}
	if err := c.evict(c.path(source)); err != nil {
		return fmt.Errorf("evicting cached charts: %w", err)
	}
	return nil
}

// path depends on the source, and on whether its server was verified.
func (c cache) path(source Source) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%t", source.URL, source.Version, source.SkipVerify))
	return filepath.Join(c.dir, versionPrefix(source.Version)+hex.EncodeToString(sum[:])+suffix)
}

func decode(source Source, content []byte, limits Limits) (Charts, error) {
	if len(content) < hex.EncodedLen(sha256.Size) {
		return nil, errors.New("cut short")
	}
	sum, content := content[:hex.EncodedLen(sha256.Size)], content[hex.EncodedLen(sha256.Size):]
	if is := sha256.Sum256(content); !bytes.Equal(sum, hex.AppendEncode(nil, is[:])) {
		return nil, errors.New("changed since it was written")
	}
	charts := Charts{}
	if err := json.Unmarshal(content, &charts); err != nil {
		return nil, err
	}
	for _, name := range Names {
		if err := verify(name, source.Version, charts[name], limits); err != nil {
			return nil, err
		}
	}
	return charts, nil
}

// replace writes a file atomically.
func replace(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "new-*"+suffix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// evict removes the least recently used files, but not the one to keep.
func (c cache) evict(keep string) error {
	paths, err := filepath.Glob(filepath.Join(c.dir, "*"+suffix))
	if err != nil {
		return err
	}
	files := map[string]fs.FileInfo{}
	var total int64
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			files[path] = info
			total += info.Size()
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(age(files[b]), age(files[a])) })
	for _, path := range paths {
		if total <= c.size || path == keep || files[path] == nil {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		total -= files[path].Size()
	}
	return nil
}

// age returns how long ago a file was used. It is zero for one that no longer exists.
func age(file fs.FileInfo) time.Duration {
	if file == nil {
		return 0
	}
	return time.Since(file.ModTime())
}
