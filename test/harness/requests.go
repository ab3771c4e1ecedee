// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// Quiet is how long a cluster is watched for requests that should not come.
const Quiet = 30 * time.Second

// Requests lists the operator's requests since the mark for which every filter
// holds; leases and watches excepted.
func (e *Env) Requests(since cluster.Mark, filters ...cluster.Filter) []cluster.Request {
	GinkgoHelper()
	filters = append(filters, cluster.FromAgent(Agent), func(r cluster.Request) bool {
		return r.Resource != "leases" && r.Verb != "watch" && !beginsWatch(r)
	})
	requests, err := e.Cluster.Audit().Requests(since, filters...)
	Expect(err).NotTo(HaveOccurred())
	return requests
}

// beginsWatch recognizes the list with which a watch begins where the API server streams no lists, as
// up to Kubernetes 1.33: client-go's reflectors list by pages of 500, and from the resource version
// on that they know. The operator's own lists have another limit, or none.
func beginsWatch(r cluster.Request) bool {
	parsed, err := url.Parse(r.URI)
	if err != nil || r.Verb != "list" {
		return false
	}
	version := parsed.Query().Get("resourceVersion")
	return version != "" && (version != "0" || parsed.Query().Get("limit") == "500")
}

// MeshWrites lists the operator's writes to objects of the mesh since the mark: all
// but status, events and Helm's records.
func (e *Env) MeshWrites(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return e.Requests(since, cluster.Writes(), func(r cluster.Request) bool {
		return r.Resource != "events" && r.Resource != "servicemeshcontrollers" && r.Resource != "secrets"
	})
}

// Settled waits until the operator has sent nothing for two seconds: status, events
// and Helm releases are written. It returns the present end of the log.
func (e *Env) Settled() cluster.Mark {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		mark := e.Cluster.Audit().Mark()
		g.Consistently(func() []cluster.Request { return e.Requests(mark) }, 2*time.Second, 200*time.Millisecond).Should(BeEmpty())
	}).Should(Succeed())
	return e.Cluster.Audit().Mark()
}

// ExpectQuiet watches the operator send nothing for that long.
func (e *Env) ExpectQuiet(since cluster.Mark, during time.Duration) {
	GinkgoHelper()
	Consistently(func() []cluster.Request { return e.Requests(since) }, during, time.Second).Should(BeEmpty())
}
