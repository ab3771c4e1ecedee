// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// UserAgent is that of the requests which this package makes itself.
const UserAgent = "cluster-harness"

// credentials are what a client needs to be a certain user.
type credentials struct {
	ca     []byte
	client pair
}

// writeCredentials makes the CA, the serving certificate, the key of ServiceAccount tokens, and
// for each user a kubeconfig.
func (c *Cluster) writeCredentials() error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	dir := c.path("pki")
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), ca.pem, 0o600); err != nil {
		return err
	}
	serving, err := ca.server("kube-apiserver")
	if err != nil {
		return err
	}
	if err := writePair(dir, "serving", serving); err != nil {
		return err
	}
	_, tokens, err := newKey()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "service-accounts.key"), tokens, 0o600); err != nil {
		return err
	}
	return c.writeUsers(ca)
}

func (c *Cluster) writeUsers(ca *authority) error {
	for user, groups := range map[string][]string{
		controllerName: nil, schedulerName: nil, kwokName: {mastersGroup}, dnsName: {mastersGroup}, adminName: {mastersGroup},
	} {
		creds, err := c.writeUser(ca, c.userKubeconfig(user), c.server(), user, groups...)
		if err != nil {
			return err
		}
		if user != adminName {
			continue
		}
		c.admin = creds
		if err := writePair(c.path("pki"), user, creds.client); err != nil {
			return err
		}
	}
	return c.writeNodeUsers(ca)
}

// writeUser writes a kubeconfig to the path with which its reader is the user.
func (c *Cluster) writeUser(ca *authority, path, server, user string, groups ...string) (credentials, error) {
	client, err := ca.client(user, groups...)
	if err != nil {
		return credentials{}, err
	}
	creds := credentials{ca: ca.pem, client: client}
	return creds, clientcmd.WriteToFile(kubeconfig(server, user, creds), path)
}

func readCredentials(dir, user string) (credentials, error) {
	var creds credentials
	for name, into := range map[string]*[]byte{
		"ca.crt": &creds.ca, user + ".crt": &creds.client.cert, user + ".key": &creds.client.key,
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return creds, err
		}
		*into = data
	}
	return creds, nil
}

func (c *Cluster) userKubeconfig(user string) string {
	if user == adminName {
		return c.Kubeconfig()
	}
	return c.path("pki", user+".kubeconfig")
}

func (c *Cluster) server() string { return "https://" + loopback(c.state.Ports.API) }

func kubeconfig(server, user string, creds credentials) api.Config {
	const name = "gloo-operator"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: server, CertificateAuthorityData: creds.ca}
	config.AuthInfos[user] = &api.AuthInfo{ClientCertificateData: creds.client.cert, ClientKeyData: creds.client.key}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: user}
	config.CurrentContext = name
	return *config
}

// Config makes a client a cluster administrator who is not slowed down by the client's own rate
// limit. userAgent is what the audit log knows it by.
func (c *Cluster) Config(userAgent string) *rest.Config {
	return &rest.Config{
		Host:      c.server(),
		UserAgent: userAgent,
		QPS:       -1,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: c.admin.ca, CertData: c.admin.client.cert, KeyData: c.admin.client.key,
		},
	}
}

// ServiceAccountConfig makes a client the ServiceAccount, with a token that is valid for a day
// and only the permissions that RBAC gives.
func (c *Cluster) ServiceAccountConfig(ctx context.Context, namespace, name, userAgent string) (*rest.Config, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	day := int64(24 * 60 * 60)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &day}}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("getting a token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	config := c.Config(userAgent)
	config.CertData, config.KeyData = nil, nil
	config.BearerToken = token.Status.Token
	return config, nil
}

func (c *Cluster) client() (*kubernetes.Clientset, error) {
	return kubernetes.NewForConfig(c.Config(UserAgent))
}
