// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"strings"
	"sync"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"github.com/gloo-operator/gloo-operator/internal/manager"
)

// chatty is a verbosity above the operator's own log level debug, which is 1, and
// below the one from which client-go logs requests.
const chatty = 5

// Log is what an operator logs, at level debug.
type Log struct {
	mu    sync.Mutex
	lines []string
}

// StartLoggingOperator runs an operator until Stop or the end of the node that
// called, and keeps what it logs.
func (e *Env) StartLoggingOperator() (*Operator, *Log) {
	log := &Log{}
	return e.StartOperator(func(options *manager.Options) { options.Log = log.logger() }), log
}

func (l *Log) logger() logr.Logger {
	return funcr.New(func(prefix, line string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, prefix+" "+line)
	}, funcr.Options{Verbosity: chatty})
}

// Matching lists the lines that hold a text.
func (l *Log) Matching(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
