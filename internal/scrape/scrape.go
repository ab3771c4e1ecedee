// SPDX-License-Identifier: Apache-2.0

// Package scrape lets to the metrics who may get them: it asks the API server who a
// bearer token belongs to, and whether that is allowed. It does what controller-runtime's
// own filter does, without all of k8s.io/apiserver, which would be an eighth of the
// operator's binary and of its memory.
package scrape

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
	// patience is how long the API server may take to answer about one request.
	patience = 10 * time.Second
	// allowed and denied are how long an answer counts: shorter than in controller-runtime,
	// where somebody who may no longer scrape may do so for five minutes more.
	allowed = time.Minute
	denied  = 10 * time.Second
	// remembered is how many answers are kept.
	remembered = 128
)

// door knows who may pass.
type door struct {
	tokens  authentication.TokenReviewInterface
	access  authorization.SubjectAccessReviewInterface
	answers *cache.LRUExpireCache
}

// Filter lets a request pass if its bearer token belongs to somebody who has the verb, in
// lower case, on the path as a non-resource URL. Others get 401 or 403, and 500 while the
// API server does not answer. It takes create on tokenreviews and subjectaccessreviews.
func Filter(config *rest.Config, client *http.Client) (metricsserver.Filter, error) {
	tokens, tokensErr := authentication.NewForConfigAndClient(config, client)
	access, accessErr := authorization.NewForConfigAndClient(config, client)
	if err := errors.Join(tokensErr, accessErr); err != nil {
		return nil, err
	}
	d := &door{tokens: tokens.TokenReviews(), access: access.SubjectAccessReviews(), answers: cache.NewLRUExpireCache(remembered)}
	return d.guard, nil
}

func (d *door) guard(log logr.Logger, next http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		status, err := d.answer(request)
		if err != nil {
			log.Error(err, "asking the API server who scrapes")
		}
		if status != http.StatusOK {
			http.Error(w, http.StatusText(status), status)
			return
		}
		next.ServeHTTP(w, request)
	}), nil
}

// answer is the HTTP status for a request: 200 for one that may pass.
func (d *door) answer(request *http.Request) (int, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(request.Header.Get("Authorization")), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return http.StatusUnauthorized, nil
	}
	wanted := authorizationv1.NonResourceAttributes{Verb: strings.ToLower(request.Method), Path: request.URL.Path}
	key := sha256.Sum256([]byte(wanted.Verb + " " + wanted.Path + " " + token))
	if status, ok := d.answers.Get(key); ok {
		return status.(int), nil
	}
	ctx, cancel := context.WithTimeout(request.Context(), patience)
	defer cancel()
	status, err := d.ask(ctx, token, wanted)
	switch {
	case err != nil:
		return http.StatusInternalServerError, err
	case status == http.StatusOK:
		d.answers.Add(key, status, allowed)
	default:
		d.answers.Add(key, status, denied)
	}
	return status, nil
}

// ask asks the API server.
func (d *door) ask(ctx context.Context, token string, wanted authorizationv1.NonResourceAttributes) (int, error) {
	review, err := d.tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
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
	access, err := d.access.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	if err != nil {
		return 0, err
	}
	if !access.Status.Allowed || access.Status.Denied {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}
