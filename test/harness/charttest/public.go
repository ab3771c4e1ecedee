// SPDX-License-Identifier: Apache-2.0

package charttest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// certificatesVariable names the file with the certificates that Go takes for the system's:
// https://pkg.go.dev/crypto/x509#SystemCertPool.
const certificatesVariable = "SSL_CERT_FILE"

// public is the certificate of public servers.
var public tls.Certificate

// TrustPublic lets this process trust public servers, as it trusts those of the internet.
// Call it in TestMain: Go reads the system's certificates once.
func TrustPublic() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	public = tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
	file, err := os.CreateTemp("", "public-*.crt")
	if err != nil {
		return err
	}
	if err := pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: certificate}); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Setenv(certificatesVariable, file.Name())
}

// Public is a server in front of the registry that lets everyone in, as Istio's own
// repository does. It returns the server's host.
func (r *Registry) Public() string {
	GinkgoHelper()
	Expect(public.Certificate).NotTo(BeEmpty(), "call TrustPublic in TestMain")
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: r.Host})
	proxy.Transport = r.Client().Transport
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		request.SetBasicAuth(Username, Password)
		proxy.ServeHTTP(w, request)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{public}}
	server.StartTLS()
	DeferCleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.Listener.Addr().String()
}

// Images is a repository of images in the registry, for clients that may write.
func (r *Registry) Images(name string) *remote.Repository {
	GinkgoHelper()
	repository, err := remote.NewRepository(r.Host + "/" + name)
	Expect(err).NotTo(HaveOccurred())
	repository.Client = &auth.Client{
		Client: r.Client(), Credential: auth.StaticCredential(r.Host, auth.Credential{Username: Username, Password: Password}),
	}
	return repository
}

// PushImage puts an image without content into the registry and returns its digest.
func (r *Registry) PushImage(name, tag string) string {
	GinkgoHelper()
	ctx, repository := context.Background(), r.Images(name)
	made, err := oras.PackManifest(ctx, repository, oras.PackManifestVersion1_1, "application/vnd.example.image",
		oras.PackManifestOptions{ManifestAnnotations: map[string]string{"name": name}})
	Expect(err).NotTo(HaveOccurred())
	Expect(repository.Tag(ctx, made, tag)).To(Succeed())
	return made.Digest.String()
}

// PublicURL is the directory of a public registry that charts are in.
func PublicURL(host string) string { return fmt.Sprintf("oci://%s/istio/charts", host) }
