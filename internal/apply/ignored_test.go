// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"net/http"
	"net/http/httptest"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/rest"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = Describe("A workload that are annotated to be ignored", func() {
	const live = `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"ztunnel","namespace":"n"},"spec":{"image":"old"}}`
	var (
		requests []string
		answer   string
		status   int
		applier  *Applier
	)
	o := object.Object{GVK: object.DaemonSet.GVK, Namespace: "n", Name: "ztunnel", Hash: "1", Body: []byte(live)}
	observed := func(generation int64, ignore string) {
		d := &appsv1.DaemonSet{}
		d.Namespace, d.Name, d.UID, d.Generation = "n", "ztunnel", "u", generation
		d.Annotations = map[string]string{v1.IgnoreAnnotation: ignore}
		informer, _ := applier.observer.informerOf(o.Key())
		Expect(informer.GetStore().Add(d)).To(Succeed())
	}
	differs := func(ctx SpecContext, object object.Object) bool {
		GinkgoHelper()
		found, err := applier.IgnoredDiffers(ctx, object)
		Expect(err).NotTo(HaveOccurred())
		return found
	}

	BeforeEach(func() {
		requests, answer, status = nil, live, http.StatusOK
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests = append(requests, r.Method+" "+r.URL.Query().Get("dryRun"))
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodGet {
				_, _ = w.Write([]byte(`{"apiVersion":"apps/v1","kind":"DaemonSetList","items":[` + live + `]}`))
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(answer))
		}))
		DeferCleanup(server.Close)
		config := &rest.Config{Host: server.URL}
		observer, err := NewObserver(config, Scope{})
		Expect(err).NotTo(HaveOccurred())
		applier, err = New(config, observer)
		Expect(err).NotTo(HaveOccurred())
		observed(1, "true")
	})

	It("is named", func() {
		Expect(applier.Ignored([]object.Object{o})).To(Equal([]object.Key{o.Key()}))
		observed(1, "false")
		Expect(applier.Ignored([]object.Object{o})).To(BeEmpty())
	})

	It("is compared by a dry run, once for each generation and each form of the plan's", func(ctx SpecContext) {
		Expect(differs(ctx, o)).To(BeFalse())
		Expect(differs(ctx, o)).To(BeFalse())
		Expect(requests).To(Equal([]string{"GET ", "PATCH All"}))

		answer = strings.Replace(live, "old", "new", 1)
		changed := o
		changed.Hash = "2"
		Expect(differs(ctx, changed)).To(BeTrue())
		Expect(differs(ctx, changed)).To(BeTrue())
		Expect(requests).To(HaveLen(4))

		answer = live
		observed(2, "true")
		Expect(differs(ctx, changed)).To(BeFalse())
		Expect(requests).To(HaveLen(6))
	})

	It("is compared again where that failed", func(ctx SpecContext) {
		status, answer = http.StatusForbidden, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`
		_, err := applier.IgnoredDiffers(ctx, o)
		Expect(err).To(MatchError(ContainSubstring("DaemonSet n/ztunnel")))
		status, answer = http.StatusOK, live
		Expect(differs(ctx, o)).To(BeFalse())
	})

	// Hardened: an ignored workload that a webhook without dry run is asked about | the mesh was FAILED
	It("counts as another where the API server cannot say", func(ctx SpecContext) {
		status, answer = http.StatusBadRequest, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"BadRequest","code":400,`+
			`"message":"admission webhook \"w\" does not support dry run"}`
		Expect(differs(ctx, o)).To(BeTrue())
	})

	It("costs nothing when nobody wants that", func(ctx SpecContext) {
		observed(1, "false")
		Expect(differs(ctx, o)).To(BeFalse())
		Expect(requests).To(BeEmpty())
	})
})
