// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// UserDir is the project's directory in the user's cache, or in the temporary directory for a user
// who has none.
func UserDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "gloo-operator")
	}
	return filepath.Join(os.TempDir(), "gloo-operator-"+strconv.Itoa(os.Getuid()))
}

func cacheDir() (string, error) {
	dir := filepath.Join(UserDir(), "tools")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache of built tools: %w", err)
	}
	return dir, checkOwner(UserDir())
}

// checkOwner keeps us from running what another user put into a shared temporary directory.
func checkOwner(dir string) error {
	var info unix.Stat_t
	if err := unix.Stat(dir, &info); err != nil {
		return fmt.Errorf("the cache of built tools: %w", err)
	}
	if int(info.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to user %d: set XDG_CACHE_HOME to a directory of yours", dir, info.Uid)
	}
	return nil
}

// homeless gives the go command the directories that it derives from HOME.
func homeless() []string {
	var env []string
	for name, directory := range map[string]string{"GOCACHE": "go-build", "GOPATH": "go"} {
		if os.Getenv(name) == "" {
			env = append(env, name+"="+filepath.Join(UserDir(), directory))
		}
	}
	return env
}

// lock takes an exclusive lock that the kernel gives back when the process ends.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	for reported := false; ; reported = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if !reported {
			waiting()
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
