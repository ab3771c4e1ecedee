// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

var _ = Describe("A kubeconfig with a token", func() {
	It("has the ServiceAccount's token and nothing of an administrator's", func() {
		written := cluster.TokenKubeconfig(&rest.Config{
			Host: "https://127.0.0.1:6443", BearerToken: "token",
			TLSClientConfig: rest.TLSClientConfig{CAData: []byte("ca"), CertData: []byte("cert"), KeyData: []byte("key")},
		}, "there")
		loaded := clientcmd.NewDefaultClientConfig(*written, nil)
		namespace, _, err := loaded.Namespace()
		Expect(err).NotTo(HaveOccurred())
		Expect(namespace).To(Equal("there"))
		config, err := loaded.ClientConfig()
		Expect(err).NotTo(HaveOccurred())
		Expect(config.Host).To(Equal("https://127.0.0.1:6443"))
		Expect(config.BearerToken).To(Equal("token"))
		Expect(config.CAData).To(Equal([]byte("ca")))
		Expect(config.CertData).To(BeEmpty())
	})
})
