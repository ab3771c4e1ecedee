// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress turns the output of go build -v into a line that moves on a terminal, and into a line
// now and then elsewhere. Its first sign comes after a while: a build from the cache stays silent.
type progress struct {
	out      io.Writer
	what     string
	began    time.Time
	terminal bool
	done     chan struct{}
	stopped  sync.WaitGroup

	mu       sync.Mutex
	rest     []byte
	lines    []string
	packages int
	shown    bool
}

func startProgress(out io.Writer, what string) *progress {
	file, ok := out.(*os.File)
	p := &progress{
		out: out, what: what, began: time.Now(), done: make(chan struct{}),
		terminal: ok && term.IsTerminal(int(file.Fd())),
	}
	p.stopped.Go(p.run)
	return p
}

func (p *progress) run() {
	every := 15 * time.Second
	if p.terminal {
		every = time.Second
	}
	first := time.After(2 * time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-first:
		case <-tick.C:
		}
		p.show()
	}
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
	line := fmt.Sprintf("compiling %s: %d packages, %d s", p.what, p.packages, int(time.Since(p.began).Seconds()))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\033[K%s", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

// stop ends the display and says how it went, if anything was shown.
func (p *progress) stop(err error) {
	close(p.done)
	p.stopped.Wait()
	if !p.shown {
		return
	}
	if p.terminal {
		fmt.Fprint(p.out, "\r\033[K")
	}
	outcome := "compiled"
	if err != nil {
		outcome = "could not compile"
	}
	fmt.Fprintf(p.out, "%s %s: %d s\n", outcome, p.what, int(time.Since(p.began).Seconds()))
}

// Write takes what the go command says on its standard error.
func (p *progress) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, data...)
	for {
		end := bytes.IndexByte(p.rest, '\n')
		if end < 0 {
			return len(data), nil
		}
		p.take(string(p.rest[:end]))
		p.rest = p.rest[end+1:]
	}
}

func (p *progress) take(line string) {
	if strings.HasPrefix(line, "#") || strings.ContainsAny(line, " \t") {
		p.lines = append(p.lines, line)
	} else {
		p.packages++
	}
}

// tail is the last of what was not the name of a package.
func (p *progress) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines[max(0, len(p.lines)-20):], "\n")
}
