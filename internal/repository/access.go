// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"oras.land/oras-go/v2/registry/remote/auth"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// caKey is the key of a Secret that has CA certificates in PEM, as in Secrets of type
// kubernetes.io/tls.
const caKey = "ca.crt"

// Access is the credentials and CAs for a repository. Its zero value is anonymous access
// with the system's CAs.
type Access struct {
	// Username and Password are for basic authentication. Empty: none.
	Username, Password string
	// Token is a refresh token of the registry. Empty: none.
	Token string
	// CA has certificates, in PEM, that are trusted in addition to the system's.
	CA []byte
}

// String keeps secrets out of messages.
func (a Access) String() string { return "access to a repository" }

// GoString keeps secrets out of messages.
func (a Access) GoString() string { return a.String() }

func (a Access) credential() auth.Credential {
	return auth.Credential{Username: a.Username, Password: a.Password, RefreshToken: a.Token}
}

func (a Access) hasCredentials() bool { return a.Username != "" || a.Token != "" }

// AccessFrom reads access to that host from Secrets: the first credentials that are for the
// host, and all CAs. It fails with an *Error if a Secret is invalid, or all of them are for
// other hosts.
func AccessFrom(secrets []corev1.Secret, host string) (Access, error) {
	found := Access{}
	for i := range secrets {
		secret := &secrets[i]
		one, err := accessFrom(secret, host)
		if err != nil {
			return Access{}, err
		}
		if !found.hasCredentials() {
			found.Username, found.Password, found.Token = one.Username, one.Password, one.Token
		}
		if len(secret.Data[caKey]) > 0 {
			found.CA = append(append(found.CA, secret.Data[caKey]...), '\n')
		}
	}
	if len(secrets) > 0 && !found.hasCredentials() && found.CA == nil {
		return Access{}, permanent(v1.ReasonRepositorySecret,
			"no Secret in spec.repository.secrets is for %s: add credentials for that host, or remove the Secrets", host)
	}
	return found, nil
}

func accessFrom(secret *corev1.Secret, host string) (Access, error) {
	switch {
	case len(secret.Data[corev1.DockerConfigJsonKey]) > 0:
		return dockerConfig(secret, host)
	case len(secret.Data[corev1.BasicAuthUsernameKey]) > 0:
		return basicAuth(secret, host)
	case len(secret.Data[caKey]) > 0:
		return Access{}, nil
	default:
		return Access{}, unusable(secret, "has neither .dockerconfigjson nor username and password nor ca.crt")
	}
}

// basicAuth reads a username and password. Their host must be named, since anyone who can
// write spec.repository.url could otherwise send them anywhere.
func basicAuth(secret *corev1.Secret, host string) (Access, error) {
	named := secret.Annotations[v1.RepositoryHostAnnotation]
	switch {
	case named == "":
		return Access{}, permanent(v1.ReasonRepositorySecret,
			"Secret %s/%s has a username and password but does not name their host: if they are for %s, annotate the Secret with %s=%s",
			secret.Namespace, secret.Name, host, v1.RepositoryHostAnnotation, host)
	case hostOf(named) != hostOf(host):
		return Access{}, nil
	}
	return Access{
		Username: string(secret.Data[corev1.BasicAuthUsernameKey]),
		Password: string(secret.Data[corev1.BasicAuthPasswordKey]),
	}, nil
}

func unusable(secret *corev1.Secret, what string) error {
	return permanent(v1.ReasonRepositorySecret, "Secret %s/%s %s: fix it, for example with kubectl create secret docker-registry",
		secret.Namespace, secret.Name, what)
}

type dockerAuth struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Auth          string `json:"auth"`
	IdentityToken string `json:"identitytoken"`
}

// dockerConfig reads the file that docker login writes. Causes of errors are omitted, since
// they can quote the content.
func dockerConfig(secret *corev1.Secret, host string) (Access, error) {
	decoded := struct {
		Auths map[string]dockerAuth `json:"auths"`
	}{}
	if err := json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &decoded); err != nil {
		return Access{}, unusable(secret, "has a .dockerconfigjson that is not valid JSON")
	}
	for key, entry := range decoded.Auths {
		if hostOf(key) != hostOf(host) {
			continue
		}
		if entry.Username == "" && entry.Auth != "" {
			plain, err := base64.StdEncoding.DecodeString(entry.Auth)
			if err != nil {
				return Access{}, unusable(secret, "has an entry whose auth is not base64")
			}
			entry.Username, entry.Password, _ = strings.Cut(string(plain), ":")
		}
		return Access{Username: entry.Username, Password: entry.Password, Token: entry.IdentityToken}, nil
	}
	return Access{}, nil
}

// hostOf returns the host of a key in a Docker configuration, which can be a URL, such as
// https://index.docker.io/v1/.
func hostOf(key string) string {
	_, rest, isURL := strings.Cut(key, "://")
	if !isURL {
		rest = key
	}
	host, _, _ := strings.Cut(rest, "/")
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		return "docker.io"
	}
	return host
}
