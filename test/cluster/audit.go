// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Audit reads the API server's audit log. The API server writes a request to it before the
// answer is complete, so requests whose answer has been read are all there.
type Audit struct {
	path string
}

// Mark is a point in the audit log. The zero Mark is its beginning.
type Mark struct {
	offset int64
	at     time.Time
}

// Request is one request to the API server. A watch is one request, at the time when it began.
type Request struct {
	Time        time.Time
	Verb        string
	URI         string
	Group       string
	Resource    string
	Subresource string
	Namespace   string
	Name        string
	User        string
	UserAgent   string
	Code        int32
}

// String is what a failed assertion shows.
func (r Request) String() string {
	return fmt.Sprintf("%s %s %s by %s (%s): %d", r.Time.Format("15:04:05.000"), r.Verb, r.URI, r.User, r.UserAgent, r.Code)
}

// Filter selects requests.
type Filter func(Request) bool

// FromAgent selects by the beginning of the user agent.
func FromAgent(prefix string) Filter {
	return func(r Request) bool { return strings.HasPrefix(r.UserAgent, prefix) }
}

// Writes selects the requests that change something, or tried to.
func Writes() Filter {
	return func(r Request) bool {
		return slices.Contains([]string{"create", "update", "patch", "delete", "deletecollection"}, r.Verb)
	}
}

// Audit is the cluster's audit log. It is empty when Options.DisableAudit was set.
func (c *Cluster) Audit() *Audit { return &Audit{path: c.path("audit.log")} }

// Mark is the present end of the log: the end of its last complete line, since one that is
// being written is of a request that is not answered yet.
func (a *Audit) Mark() Mark {
	mark := Mark{at: time.Now()}
	if file, err := os.Open(a.path); err == nil {
		defer file.Close()
		mark.offset = endOfLines(file)
	}
	return mark
}

// endOfLines is the offset behind the last newline of a file.
func endOfLines(file *os.File) int64 {
	end, err := file.Seek(0, io.SeekEnd)
	chunk := make([]byte, 1<<12)
	for err == nil && end > 0 {
		begin := max(0, end-int64(len(chunk)))
		chunk = chunk[:end-begin]
		_, err = file.ReadAt(chunk, begin)
		if last := bytes.LastIndexByte(chunk, '\n'); last >= 0 {
			return begin + int64(last) + 1
		}
		end = begin
	}
	return 0
}

// Requests lists the requests that were answered after the mark, in that order, for which every
// filter holds.
func (a *Audit) Requests(since Mark, filters ...Filter) ([]Request, error) {
	events, err := a.events(since)
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	var requests []Request
	seen := map[string]bool{}
	for _, event := range events {
		if seen[event.AuditID] || event.endsWatchBefore(since) {
			continue
		}
		seen[event.AuditID] = true
		request := event.request()
		if !slices.ContainsFunc(filters, func(f Filter) bool { return !f(request) }) {
			requests = append(requests, request)
		}
	}
	return requests, nil
}

// auditEvent is the part of a line of the log that matters here.
type auditEvent struct {
	AuditID                  string
	Verb                     string
	RequestURI               string
	UserAgent                string
	RequestReceivedTimestamp metav1.MicroTime
	User                     struct{ Username string }
	ObjectRef                struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	ResponseStatus           struct{ Code int32 }
}

// endsWatchBefore: a watch has a line when it begins and one when it ends; the second is no
// request of the time after the mark if the first came before it.
func (e auditEvent) endsWatchBefore(mark Mark) bool {
	return e.Verb == "watch" && e.RequestReceivedTimestamp.Time.Before(mark.at)
}

func (e auditEvent) request() Request {
	return Request{
		Time: e.RequestReceivedTimestamp.Time, Verb: e.Verb, URI: e.RequestURI,
		Group: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource, Subresource: e.ObjectRef.Subresource,
		Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name,
		User: e.User.Username, UserAgent: e.UserAgent, Code: e.ResponseStatus.Code,
	}
}

// events parses the complete lines after the mark; one that is being written is of a request
// that is not answered yet.
func (a *Audit) events(since Mark) ([]auditEvent, error) {
	file, err := os.Open(a.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.Seek(since.offset, io.SeekStart); err != nil {
		return nil, err
	}
	var events []auditEvent
	reader := bufio.NewReaderSize(file, 1<<16)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		var event auditEvent
		if err := json.Unmarshal(bytes.TrimSpace(line), &event); err != nil {
			return nil, err
		}
		events = append(events, event)
	}
}
