// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"encoding/base64"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

// secretOf is a Secret with those keys and values.
func secretOf(pairs ...string) corev1.Secret {
	secret := corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "pull"}, Data: map[string][]byte{}}
	for i := 0; i < len(pairs); i += 2 {
		secret.Data[pairs[i]] = []byte(pairs[i+1])
	}
	return secret
}

// forHost is a Secret with those keys and values for a host.
func forHost(host string, pairs ...string) corev1.Secret {
	secret := secretOf(pairs...)
	secret.Annotations = map[string]string{v1.RepositoryHostAnnotation: host}
	return secret
}

func docker(config string) corev1.Secret { return secretOf(".dockerconfigjson", config) }

var _ = Describe("Access to a repository", func() {
	encoded := base64.StdEncoding.EncodeToString([]byte("me:a:b"))

	DescribeTable("is found in", func(host string, want repository.Access, secrets ...corev1.Secret) {
		Expect(repository.AccessFrom(secrets, host)).To(Equal(want))
	},
		Entry("no Secret", "h:5000", repository.Access{}),
		Entry("a user's name and password", "h:5000", repository.Access{Username: "me", Password: "b"}, forHost("h:5000", "username", "me", "password", "b")),
		Entry("a user's name and password, by URL", "h", repository.Access{Username: "me", Password: "b"}, forHost("https://h/charts", "username", "me", "password", "b")),
		Entry("a CA alone", "h:5000", repository.Access{CA: []byte("pem\n")}, secretOf("ca.crt", "pem")),
		Entry("both", "h:5000", repository.Access{Username: "me", Password: "b", CA: []byte("pem\n")},
			forHost("h:5000", "username", "me", "password", "b", "ca.crt", "pem")),
		// Hardened: several Secrets with username and password, and a url of one of their hosts | the first was sent, whomever it was for
		Entry("the Secret that names the host, and not in one that names another", "h:5000", repository.Access{Username: "you", Password: "c"},
			forHost("h", "username", "me", "password", "b"), forHost("h:5000", "username", "you", "password", "c")),
		Entry("several Secrets, CAs of all and credentials of the first", "h:5000",
			repository.Access{Username: "me", Password: "b", CA: []byte("one\ntwo\n")},
			secretOf("ca.crt", "one"), forHost("h:5000", "username", "me", "password", "b", "ca.crt", "two"), forHost("h:5000", "username", "you")),
		Entry("docker login's file", "h:5000", repository.Access{Username: "me", Password: "b"}, docker(`{"auths":{"h:5000":{"username":"me","password":"b"}}}`)),
		Entry("docker login's file, encoded", "h:5000", repository.Access{Username: "me", Password: "a:b"}, docker(`{"auths":{"h:5000":{"auth":"`+encoded+`"}}}`)),
		Entry("docker login's file, by URL", "h:5000", repository.Access{Username: "me"}, docker(`{"auths":{"https://h:5000/v2/":{"username":"me"}}}`)),
		Entry("docker login's file, with a token", "h", repository.Access{Token: "t"}, docker(`{"auths":{"h":{"identitytoken":"t"}}}`)),
		Entry("docker login's file, for Docker Hub", "docker.io", repository.Access{Username: "me"}, docker(`{"auths":{"https://index.docker.io/v1/":{"username":"me"}}}`)),
	)

	DescribeTable("is refused where", func(message string, secrets ...corev1.Secret) {
		_, err := repository.AccessFrom(secrets, "h:5000")
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositorySecret), HaveField("Temporary", false)))
		Expect(err).To(MatchError(And(ContainSubstring(message), Not(ContainSubstring("hunter2")))))
	},
		Entry("a Secret has nothing of use", "Secret ns/pull has neither", secretOf("hunter2", "hunter2")),
		Entry("a Secret is no JSON", "Secret ns/pull has a .dockerconfigjson that is not valid JSON", docker(`hunter2`)),
		Entry("an entry is no base64", "Secret ns/pull has an entry whose auth", docker(`{"auths":{"h:5000":{"auth":"hunter2!"}}}`)),
		// Hardened: a Secret with username and password, and spec.repository.url of a host of another owner | both were sent to that host
		Entry("a name and a password are for no host: nothing is sent, and the message names the annotation to set",
			"if they are for h:5000, annotate the Secret with operator.gloo.solo.io/repository-host=h:5000", secretOf("username", "me", "password", "hunter2")),
		Entry("a name and a password are for another host", "is for h:5000", forHost("h:5001", "username", "me", "password", "hunter2")),
		Entry("all are for other hosts", "is for h:5000", docker(`{"auths":{"h":{"username":"me","password":"hunter2"}}}`)),
	)

	It("is not printed", func() {
		access := repository.Access{Username: "me", Password: "hunter2", Token: "hunter2"}
		Expect(fmt.Sprintf("%v %+v %#v %s", access, access, access, access)).NotTo(ContainSubstring("hunter2"))
	})

	It("is refused where a CA is none", func() {
		_, err := fetchAs(repository.Access{CA: []byte("hunter2")}, "oci://localhost/charts")
		Expect(failure(err)).To(HaveField("Reason", v1.ReasonRepositorySecret))
		Expect(err).To(MatchError(ContainSubstring("ca.crt")))
	})
})
