// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"net/http"
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = Describe("A preview", func() {
	const noDryRun = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"BadRequest","code":400,` +
		`"message":"admission webhook \"w\" does not support dry run"}`
	wanted := object.Object{GVK: object.DaemonSet.GVK, Namespace: "n", Name: "ztunnel", Hash: "1", Body: []byte(`{"spec":{"image":"new"}}`)}
	// serving is an applier of a cluster that has an object with those annotations and image,
	// and answers a dry run so.
	serving := func(annotations, image string, status int, answer string) *Applier {
		GinkgoHelper()
		live := func(image string) string {
			return `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"ztunnel","namespace":"n","annotations":{` + annotations +
				`}},"spec":{"image":"` + image + `"}}`
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodGet {
				_, _ = w.Write([]byte(`{"apiVersion":"apps/v1","kind":"DaemonSetList","items":[` + live(image) + `]}`))
				return
			}
			w.WriteHeader(status)
			if answer == "" {
				answer = live("new")
			}
			_, _ = w.Write([]byte(answer))
		}))
		DeferCleanup(server.Close)
		config := &rest.Config{Host: server.URL}
		observer, err := NewObserver(config, Scope{})
		Expect(err).NotTo(HaveOccurred())
		applier, err := New(config, observer)
		Expect(err).NotTo(HaveOccurred())
		return applier
	}
	preview := func(ctx SpecContext, a *Applier) string {
		GinkgoHelper()
		differences, err := a.Preview(ctx, []object.Object{wanted}, nil)
		Expect(err).NotTo(HaveOccurred())
		return Summary(differences)
	}

	It("shows what would change", func(ctx SpecContext) {
		Expect(preview(ctx, serving("", "new", http.StatusOK, ""))).To(Equal("nothing changes"))
		Expect(preview(ctx, serving("", "old", http.StatusOK, ""))).To(HavePrefix("1 object changed"))
	})

	// Hardened: only an object with the annotation ignore changes | the preview was empty, and the change needed no approval
	It("counts an ignored object that differs", func(ctx SpecContext) {
		Expect(preview(ctx, serving(`"`+v1.IgnoreAnnotation+`":"true"`, "old", http.StatusOK, ""))).To(Equal("1 object ignored; no pods restart"))
	})

	// Hardened: a webhook without dry run for an object that changes | no change could be proposed or approved: FAILED
	It("counts an object as changed where the API server cannot say", func(ctx SpecContext) {
		Expect(preview(ctx, serving("", "new", http.StatusBadRequest, noDryRun))).To(Equal("1 object changed; pods restart: DaemonSet n/ztunnel"))
		Expect(preview(ctx, serving(`"`+v1.IgnoreAnnotation+`":"true"`, "new", http.StatusBadRequest, noDryRun))).To(Equal("1 object ignored; no pods restart"))
	})
})
