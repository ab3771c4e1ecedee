// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
)

// answer asks istiod for its addresses over a connection of its own, as a ztunnel does that
// starts at this moment, and is ok when the first answer is there: GET /ask.
func (d discovery) answer(w http.ResponseWriter, r *http.Request) {
	if err := d.ask(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// ask leaves alone what the stand-in has subscribed to.
func (d discovery) ask(ctx context.Context) error {
	d.state = newState(d.identity())
	return d.stream(ctx, func(opened stream) error {
		_, err := opened.Recv()
		return err
	})
}
