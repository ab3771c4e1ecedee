// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"time"
)

// issuer gives certificates.
type issuer interface {
	certificate(ctx context.Context, identity string) (*tls.Certificate, error)
}

// keeper keeps the certificates of identities up to date, as long as each is wanted.
type keeper struct {
	from  issuer
	state *state
	log   *slog.Logger

	mu     sync.Mutex
	wanted map[string]*wanted
}

// wanted counts who wants an identity's certificate.
type wanted struct {
	by   int
	stop context.CancelFunc
}

func newKeeper(from issuer, known *state, log *slog.Logger) *keeper {
	return &keeper{from: from, state: known, log: log, wanted: map[string]*wanted{}}
}

// want gets the identity's certificate now, and a new one at half of its life. It does not
// wait for it.
func (k *keeper) want(ctx context.Context, identity string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if w, ok := k.wanted[identity]; ok {
		w.by++
		return
	}
	ctx, stop := context.WithCancel(ctx)
	k.wanted[identity] = &wanted{by: 1, stop: stop}
	go k.keep(ctx, identity)
}

// drop undoes want.
func (k *keeper) drop(identity string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w, ok := k.wanted[identity]
	if !ok {
		return
	}
	if w.by--; w.by == 0 {
		w.stop()
		delete(k.wanted, identity)
		k.state.dropCertificate(identity)
	}
}

func (k *keeper) keep(ctx context.Context, identity string) {
	for ctx.Err() == nil {
		wait(ctx, k.renew(ctx, identity))
	}
}

// renew gets a certificate, and returns after how long the next is due.
func (k *keeper) renew(ctx context.Context, identity string) time.Duration {
	certificate, err := k.from.certificate(ctx, identity)
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		k.log.Warn("no certificate yet", "identity", identity, "error", err.Error())
		return time.Second
	}
	k.log.Info("got a certificate", "identity", identity, "expires", certificate.Leaf.NotAfter)
	k.state.setCertificate(identity, certificate)
	return max(time.Second, time.Until(certificate.Leaf.NotAfter)/2)
}
