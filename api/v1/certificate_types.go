// SPDX-License-Identifier: Apache-2.0

package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CertificatesStatus is what the operator knows of the certificates of the mesh's CA.
type CertificatesStatus struct {
	// source is who signs the certificates of workloads: istiod with the CA that it has made itself,
	// istiod with the Secret cacerts, istio-csr, or other.
	// +kubebuilder:validation:Enum=istiod;cacerts;istio-csr;other
	// +required
	Source CertificateSource `json:"source"`

	// root is the root certificate in the ConfigMap istio-ca-root-cert of the install namespace,
	// by which workloads verify each other. Of several, it is the first one to expire. Empty: it
	// is not published yet, or cannot be read.
	// +optional
	Root *CertificateStatus `json:"root,omitempty"`

	// signer is the certificate that signs those of workloads, or one of those above it that
	// expires first. Empty: it is not in a Secret of the install namespace.
	// +optional
	Signer *CertificateStatus `json:"signer,omitempty"`

	// message says what else is to be known, such as the number of roots. Empty: nothing is.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`
}

// CertificateSource is who signs the certificates of workloads.
type CertificateSource string

// The sources of certificates.
const (
	// SourceIstiod: istiod, with the CA that it has made itself, in the Secret istio-ca-secret.
	SourceIstiod CertificateSource = "istiod"
	// SourceCACerts: istiod, with the CA in the Secret cacerts.
	SourceCACerts CertificateSource = "cacerts"
	// SourceIstioCSR: istio-csr.
	SourceIstioCSR CertificateSource = "istio-csr"
	// SourceOther: something else, or what no Secret shows.
	SourceOther CertificateSource = "other"
)

// CertificateStatus identifies a certificate.
type CertificateStatus struct {
	// subject of the certificate.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Subject string `json:"subject,omitempty"`

	// fingerprint is the SHA-256 digest of the certificate, as openssl x509 -fingerprint -sha256
	// prints it.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Fingerprint string `json:"fingerprint"`

	// notAfter is when the certificate expires.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	NotAfter metav1.Time `json:"notAfter"`
}
