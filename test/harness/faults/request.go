// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Request is a request as a rule sees it, in the terms of the API server's audit
// log. Two requests that are equal ask for the same of the same object.
type Request struct {
	// Verb is get, list, watch, create, update, patch, delete or deletecollection.
	Verb string
	// Group is the API group; empty for the core group and for what is no resource.
	Group string
	// Resource is the plural name, as in URLs; empty for what is no resource.
	Resource string
	// Subresource is empty for the object itself.
	Subresource string
	// Namespace is empty for cluster-scoped objects.
	Namespace string
	// Name is empty for lists and watches.
	Name string
	// DryRun is a request that the API server only rehearses.
	DryRun bool
}

// String is what people read: "patch servicemeshcontrollers/status managed-istio".
func (r Request) String() string {
	resource := r.Resource
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	if r.Namespace != "" {
		return r.Verb + " " + resource + " " + r.Namespace + "/" + r.Name
	}
	return r.Verb + " " + resource + " " + r.Name
}

// Writes recognizes a request that changes something.
func (r Request) Writes() bool {
	return !r.DryRun && slices.Contains([]string{"create", "update", "patch", "delete", "deletecollection"}, r.Verb)
}

// Match selects requests.
type Match func(Request) bool

// Work selects everything but what leases and events are about.
func Work(r Request) bool { return r.Resource != "leases" && r.Resource != "events" }

// All selects what all of the matches select.
func All(matches ...Match) Match {
	return func(r Request) bool {
		return !slices.ContainsFunc(matches, func(m Match) bool { return !m(r) })
	}
}

// Is selects requests that equal the given one.
func Is(request Request) Match { return func(r Request) bool { return r == request } }

// Resource selects requests for a resource, without those for its subresources.
func Resource(name string) Match {
	return func(r Request) bool { return r.Resource == name && r.Subresource == "" }
}

// Status selects requests for the status of a resource.
func Status(name string) Match {
	return func(r Request) bool { return r.Resource == name && r.Subresource == "status" }
}

// FirstAttempts selects of the requests that match the first of equal ones: what
// follows is another try.
func FirstAttempts(match Match) Match {
	var mu sync.Mutex
	seen := map[Request]bool{}
	return func(r Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if !match(r) || seen[r] {
			return false
		}
		seen[r] = true
		return true
	}
}

var verbs = map[string]string{
	http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete", http.MethodGet: "get",
}

// requestOf reads a request from its URL, and the name of what it creates from its
// body.
func requestOf(r *http.Request) Request {
	request := located(r.URL.Path)
	request.Verb = verbs[r.Method]
	request.DryRun = r.URL.Query().Has("dryRun")
	if request.Name != "" || request.Resource == "" {
		return request
	}
	switch {
	case slices.Contains([]string{"true", "1"}, r.URL.Query().Get("watch")):
		request.Verb = "watch"
	case request.Verb == "get":
		request.Verb = "list"
	case request.Verb == "delete":
		request.Verb = "deletecollection"
	default:
		request.Name = created(r)
	}
	return request
}

// located reads group, namespace, resource, name and subresource from a path such as
// /apis/apps/v1/namespaces/x/deployments/y/status.
func located(path string) Request {
	request := Request{}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		request.Group, parts = parts[1], parts[3:]
	default:
		return request
	}
	if len(parts) > 2 && parts[0] == "namespaces" && parts[2] != "status" && parts[2] != "finalize" {
		request.Namespace, parts = parts[1], parts[2:]
	}
	for i, part := range parts[:min(3, len(parts))] {
		*[]*string{&request.Resource, &request.Name, &request.Subresource}[i] = part
	}
	return request
}

// created is the name in the body of a request, in JSON or in Kubernetes' protobuf.
func created(r *http.Request) string {
	if r.GetBody == nil {
		return ""
	}
	body, err := r.GetBody()
	if err != nil {
		return ""
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		return ""
	}
	object := metav1.PartialObjectMetadata{}
	if encoded, ok := bytes.CutPrefix(content, []byte("k8s\x00")); ok {
		// Every object has its metadata in the first field, as PartialObjectMetadata does.
		envelope := runtime.Unknown{}
		if err = envelope.Unmarshal(encoded); err == nil {
			err = object.Unmarshal(envelope.Raw)
		}
	} else {
		err = json.Unmarshal(content, &object)
	}
	if err != nil {
		return ""
	}
	return object.Name
}
