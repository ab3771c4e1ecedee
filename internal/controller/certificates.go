// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// checkCertificates finds out how the certificates of the mesh's CA are. It blocks nothing, and
// sends no request once they are watched.
func (r *Reconciler) checkCertificates(a *attempt) {
	if a.Plan == nil {
		return
	}
	in, known := r.certificates.read(namespaceOf(a.smc))
	if !known {
		return
	}
	in.Namespace = namespaceOf(a.smc)
	in.CAAddress, in.NoCAServer = caSettings(a.Plan)
	now := r.clock.Now()
	found := certificates.Judge(in, now)
	a.Certificates = &found
	if !found.Next.IsZero() {
		a.RequeueAfter = soonest(a.RequeueAfter, max(time.Second, found.Next.Sub(now)))
	}
}

// caSettings returns the CA that the mesh is told to use, and whether istiod is told not to sign.
func caSettings(built *plan.Plan) (address string, noServer bool) {
	for _, component := range built.Components {
		tree := component.Values.Values
		switch component.Name {
		case v1.ComponentIstiod:
			if address == "" {
				address = setting(tree, "global", "caAddress")
			}
			noServer = setting(tree, "env", "ENABLE_CA_SERVER") == "false" || setting(tree, "pilot", "env", "ENABLE_CA_SERVER") == "false"
		case v1.ComponentZtunnel:
			if own := setting(tree, "caAddress"); own != "" {
				address = own
			}
		}
	}
	return address, noServer
}

// setting returns a value as a text. Empty: it is not set.
func setting(tree map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		tree, _ = tree[name].(map[string]any)
	}
	if value := tree[path[len(path)-1]]; value != nil {
		return fmt.Sprint(value)
	}
	return ""
}
