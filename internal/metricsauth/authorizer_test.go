// SPDX-License-Identifier: Apache-2.0

package metricsauth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestMetricsAuth(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Who may get the metrics")
}

var _ = Describe("A request for the metrics", func() {
	var api *fake.Clientset
	var broken error
	var guarded http.Handler

	// An API server that knows the token "known" as somebody, who may get /metrics.
	BeforeEach(func() {
		api, broken = fake.NewClientset(), nil
		api.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
			review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview).DeepCopy()
			if review.Spec.Token == "known" {
				review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{
					Username: "somebody", UID: "1", Groups: []string{"a"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v"}},
				}}
			}
			return true, review, broken
		})
		api.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
			review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview).DeepCopy()
			Expect(review.Spec.UID).To(Equal("1"))
			Expect(review.Spec.Groups).To(ConsistOf("a"))
			Expect(review.Spec.Extra).To(HaveKeyWithValue("k", authorizationv1.ExtraValue{"v"}))
			asked := review.Spec.NonResourceAttributes
			review.Status.Allowed = review.Spec.User == "somebody" && asked.Verb == "get" && asked.Path == "/metrics"
			return true, review, nil
		})
		d := &authorizer{
			tokens: api.AuthenticationV1().TokenReviews(), access: api.AuthorizationV1().SubjectAccessReviews(),
			cache: cache.NewLRUExpireCache(cacheSize),
		}
		var err error
		guarded, err = d.filter(logr.Discard(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
		Expect(err).NotTo(HaveOccurred())
	})

	answer := func(method, path, authorization string) int {
		request := httptest.NewRequest(method, path, nil)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		recorder := httptest.NewRecorder()
		guarded.ServeHTTP(recorder, request)
		return recorder.Code
	}

	DescribeTable("is answered", func(method, path, authorization string, code int) {
		Expect(answer(method, path, authorization)).To(Equal(code))
	},
		Entry("to who may", "GET", "/metrics", "Bearer known", http.StatusNoContent),
		Entry("however bearer is written", "GET", "/metrics", " bearer  known ", http.StatusNoContent),
		Entry("not to who may something else", "POST", "/metrics", "Bearer known", http.StatusForbidden),
		Entry("not to who may elsewhere", "GET", "/debug", "Bearer known", http.StatusForbidden),
		Entry("not to nobody", "GET", "/metrics", "", http.StatusUnauthorized),
		Entry("not to an empty token", "GET", "/metrics", "Bearer ", http.StatusUnauthorized),
		Entry("not to an unknown token", "GET", "/metrics", "Bearer unknown", http.StatusUnauthorized),
		Entry("not by a password", "GET", "/metrics", "Basic known", http.StatusUnauthorized),
	)

	It("asks once about each token, verb and path", func() {
		for range 3 {
			Expect(answer("GET", "/metrics", "Bearer known")).To(Equal(http.StatusNoContent))
			Expect(answer("GET", "/metrics", "Bearer unknown")).To(Equal(http.StatusUnauthorized))
		}
		Expect(api.Actions()).To(HaveLen(3))
		Expect(answer("GET", "/other", "Bearer known")).To(Equal(http.StatusForbidden))
	})

	It("asks again after an API server that did not answer", func() {
		broken = errors.New("down")
		Expect(answer("GET", "/metrics", "Bearer known")).To(Equal(http.StatusInternalServerError))
		broken = nil
		Expect(answer("GET", "/metrics", "Bearer known")).To(Equal(http.StatusNoContent))
	})
})
