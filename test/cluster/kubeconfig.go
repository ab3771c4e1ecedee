// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// TokenKubeconfig is a kubeconfig for a client of ServiceAccountConfig: with its token and no other
// credentials. The namespace is for commands that name none.
func TokenKubeconfig(config *rest.Config, namespace string) *api.Config {
	const name = "gloo-operator"
	written := api.NewConfig()
	written.Clusters[name] = &api.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	written.AuthInfos[name] = &api.AuthInfo{Token: config.BearerToken}
	written.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	written.CurrentContext = name
	return written
}
