// SPDX-License-Identifier: Apache-2.0

package charttest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// Server serves over TLS to those who give the user's name and password.
type Server struct {
	*httptest.Server
	// CA is the certificate that clients need to trust, in PEM.
	CA []byte

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc
	seen     []*http.Request
	next     http.Handler
}

// NewServer starts a server in front of another handler, which may be nil.
func NewServer(next http.Handler) *Server {
	s := &Server{handlers: map[string]http.HandlerFunc{}, next: next}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(GinkgoWriter, "", 0)
	s.StartTLS()
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.TLS.Certificates[0].Certificate[0]})
	DeferCleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// ServeHTTP serves what Handle was given, and the rest as the next handler does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r.Clone(r.Context()))
	handler, next := s.handlers[r.URL.Path], s.next
	s.mu.Unlock()
	switch {
	case handler != nil:
		handler(w, r)
	case next != nil:
		next.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Handle serves a path otherwise from now on. Nil: as before.
func (s *Server) Handle(path string, handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[path] = handler
}

// Seen lists the requests so far.
func (s *Server) Seen() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.seen...)
}

// HelmRepository serves an index and the charts in it to those who give the user's
// name and password.
func HelmRepository(version string, charts map[string][]byte) *Server {
	GinkgoHelper()
	entries := map[string][]map[string]any{}
	files := http.NewServeMux()
	for name, archive := range charts {
		sum := sha256.Sum256(archive)
		file := name + "-" + version + ".tgz"
		entries[name] = []map[string]any{{
			"name": name, "version": version, "apiVersion": "v2", "urls": []string{file}, "digest": hex.EncodeToString(sum[:]),
		}}
		files.HandleFunc("/charts/"+file, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) })
	}
	index, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "entries": entries})
	Expect(err).NotTo(HaveOccurred())
	files.HandleFunc("/charts/index.yaml", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(index) })
	return NewServer(authenticated(files))
}

// authenticated asks for the user's name and password.
func authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != Username || password != Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
