// SPDX-License-Identifier: Apache-2.0

package charttest

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/bcrypt"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// The user that the servers of this package let in.
const (
	Username = "puller"
	Password = "a-password-that-nobody-may-see"
)

// Registry is a real registry with TLS and basic authentication.
type Registry struct {
	// Host and port that it listens on.
	Host string
	// CA is the certificate that clients need to trust, in PEM.
	CA []byte

	process   *exec.Cmd
	directory string
}

// URL is the directory of the registry that charts are in.
func (r *Registry) URL() string { return "oci://" + r.Host + "/istio/charts" }

var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)

// StartRegistry starts an empty registry and stops it when the node that called
// ends.
func StartRegistry() *Registry {
	GinkgoHelper()
	tools, err := toolchain.Build(context.Background(), toolchain.Registry(), GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	r := &Registry{directory: GinkgoT().TempDir()}
	r.configure()
	r.process = exec.Command(tools.Path("registry"), "serve", filepath.Join(r.directory, "config.yml"))
	r.process.Env = []string{"OTEL_TRACES_EXPORTER=none"}
	said, err := r.process.StderrPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(r.process.Start()).To(Succeed())
	DeferCleanup(r.Stop)
	lines := bufio.NewScanner(said)
	for r.Host == "" && lines.Scan() {
		fmt.Fprintln(GinkgoWriter, lines.Text())
		if match := listening.FindStringSubmatch(lines.Text()); match != nil {
			r.Host = match[1]
		}
	}
	Expect(r.Host).NotTo(BeEmpty(), "the registry has ended")
	go func() { _, _ = io.Copy(io.Discard, said) }()
	return r
}

// configure writes the registry's files.
func (r *Registry) configure() {
	GinkgoHelper()
	certificate, key := certificates()
	r.CA = certificate
	hashed, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
	Expect(err).NotTo(HaveOccurred())
	for name, content := range map[string][]byte{
		"ca.crt": certificate, "tls.key": key, "htpasswd": fmt.Appendf(nil, "%s:%s\n", Username, hashed),
		"config.yml": fmt.Appendf(nil, `version: 0.1
storage: {filesystem: {rootdirectory: %[1]s/data}}
http: {addr: "127.0.0.1:0", tls: {certificate: %[1]s/ca.crt, key: %[1]s/tls.key}}
auth: {htpasswd: {realm: charts, path: %[1]s/htpasswd}}
`, r.directory),
	} {
		Expect(os.WriteFile(filepath.Join(r.directory, name), content, 0o600)).To(Succeed())
	}
}

// certificates are those of httptest, for 127.0.0.1, in PEM.
func certificates() (certificate, key []byte) {
	GinkgoHelper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	Expect(err).NotTo(HaveOccurred())
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// Stop ends the registry, as an outage does.
func (r *Registry) Stop() {
	if r.process.ProcessState == nil {
		_ = r.process.Process.Kill()
		_ = r.process.Wait()
	}
}

// Push puts charts into the registry with the real helm command.
func (r *Registry) Push(version string, charts map[string][]byte) {
	GinkgoHelper()
	tools, err := toolchain.Build(context.Background(), toolchain.Helm(), GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	for name, archive := range charts {
		file := filepath.Join(r.directory, name+"-"+version+".tgz")
		Expect(os.WriteFile(file, archive, 0o600)).To(Succeed())
		push := exec.Command(tools.Path("helm"), "push", file, r.URL(),
			"--ca-file", filepath.Join(r.directory, "ca.crt"), "--username", Username, "--password", Password)
		push.Env = append(os.Environ(), "HOME="+r.directory)
		out, err := push.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
	}
}

// Login is a configuration of docker with which clients are let in.
func (r *Registry) Login() []byte {
	token := base64.StdEncoding.EncodeToString([]byte(Username + ":" + Password))
	return fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, r.Host, token)
}

// Client trusts the registry and sends the user's name.
func (r *Registry) Client() *http.Client {
	GinkgoHelper()
	roots := x509.NewCertPool()
	Expect(roots.AppendCertsFromPEM(r.CA)).To(BeTrue())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = roots
	return &http.Client{Transport: transport, Timeout: time.Minute}
}
