// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"errors"
	"fmt"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Digests asks registries for the digests of images. It uses the credentials of docker
// login.
type Digests struct {
	client auth.Client
}

// NewDigests returns a client that trusts the CAs, in PEM, in addition to the system's. It
// fails if they are no certificates or docker's configuration cannot be read.
func NewDigests(ca []byte) (*Digests, error) {
	client, err := newClient(false, Access{CA: ca}, DefaultLimits())
	if err != nil {
		return nil, err
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading docker's configuration: %w", err)
	}
	return &Digests{client: auth.Client{Client: client, Cache: auth.NewCache(), Credential: credentials.Credential(store)}}, nil
}

// Of returns the digest of an image with a tag, such as sha256:…. For an image of several
// platforms, it is that of the index.
func (d *Digests) Of(ctx context.Context, image string) (string, error) {
	reference, err := registry.ParseReference(image)
	if err != nil {
		return "", permanent(v1.ReasonRepositoryInvalid, "%s is not the full name of an image", quoteShortened(image))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, DefaultLimits().Window, errDeadline)
	defer cancel()
	repository := &remote.Repository{Client: &d.client, Reference: reference}
	found, err := repository.Resolve(ctx, reference.Reference)
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return "", permanent(v1.ReasonChartNotFound, "%s: the registry does not have it", image)
	case err != nil:
		failure := toError(ctx, err)
		return "", &Error{Reason: failure.Reason, Temporary: failure.Temporary, text: image + ": " + failure.text}
	}
	return found.Digest.String(), nil
}
