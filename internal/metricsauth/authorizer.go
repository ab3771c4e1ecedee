// SPDX-License-Identifier: Apache-2.0

package metricsauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	// timeout limits the API server's reviews of one request.
	timeout = 10 * time.Second
	// allowedTTL and deniedTTL are how long a decision is cached: shorter than in
	// controller-runtime, where a client without permission can still scrape for five
	// minutes.
	allowedTTL = time.Minute
	deniedTTL  = 10 * time.Second
	// cacheSize is how many decisions are cached.
	cacheSize = 128
)

// authorizer decides requests, and caches its decisions.
type authorizer struct {
	tokens authentication.TokenReviewInterface
	access authorization.SubjectAccessReviewInterface
	cache  *cache.LRUExpireCache
}

// Filter serves a request if its bearer token belongs to a user who has the verb, in lower
// case, on the path as a non-resource URL. It responds to others with 401 or 403, and with
// 500 while the API server does not answer. It needs create on tokenreviews and
// subjectaccessreviews.
func Filter(config *rest.Config, client *http.Client) (metricsserver.Filter, error) {
	tokens, tokensErr := authentication.NewForConfigAndClient(config, client)
	access, accessErr := authorization.NewForConfigAndClient(config, client)
	if err := errors.Join(tokensErr, accessErr); err != nil {
		return nil, err
	}
	a := &authorizer{tokens: tokens.TokenReviews(), access: access.SubjectAccessReviews(), cache: cache.NewLRUExpireCache(cacheSize)}
	return a.filter, nil
}

func (a *authorizer) filter(log logr.Logger, next http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		status, err := a.authorize(request)
		if err != nil {
			log.Error(err, "authorizing a metrics request")
		}
		if status != http.StatusOK {
			http.Error(w, http.StatusText(status), status)
			return
		}
		next.ServeHTTP(w, request)
	}), nil
}

// authorize returns the HTTP status for a request: 200 if it is allowed.
func (a *authorizer) authorize(request *http.Request) (int, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(request.Header.Get("Authorization")), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return http.StatusUnauthorized, nil
	}
	wanted := authorizationv1.NonResourceAttributes{Verb: strings.ToLower(request.Method), Path: request.URL.Path}
	key := sha256.Sum256([]byte(wanted.Verb + " " + wanted.Path + " " + token))
	if status, ok := a.cache.Get(key); ok {
		return status.(int), nil
	}
	ctx, cancel := context.WithTimeout(request.Context(), timeout)
	defer cancel()
	status, err := a.review(ctx, token, wanted)
	switch {
	case err != nil:
		return http.StatusInternalServerError, err
	case status == http.StatusOK:
		a.cache.Add(key, status, allowedTTL)
	default:
		a.cache.Add(key, status, deniedTTL)
	}
	return status, nil
}

// review sends the reviews to the API server.
func (a *authorizer) review(ctx context.Context, token string, wanted authorizationv1.NonResourceAttributes) (int, error) {
	review, err := a.tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		return 0, err
	}
	if !review.Status.Authenticated {
		return http.StatusUnauthorized, nil
	}
	user := review.Status.User
	spec := authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, NonResourceAttributes: &wanted,
		Extra: make(map[string]authorizationv1.ExtraValue, len(user.Extra)),
	}
	for key, values := range user.Extra {
		spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	access, err := a.access.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	if err != nil {
		return 0, err
	}
	if !access.Status.Allowed || access.Status.Denied {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}
