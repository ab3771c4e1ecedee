// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

// walks are the sequences of changes that are tried, by the seeds that make them.
var (
	firstSeed = flag.Uint64("walks.seed", 100, "the first seed of the random sequences of changes")
	seeds     = flag.Uint64("walks.count", 6, "how many random sequences of changes to try")
)

const (
	// changes is how many changes a sequence has.
	changes = 6
	// patience is how many requests the operator sends at most before the next change.
	patience = 120
)

// reachable are versions between which a path is known.
var reachable = []string{"1.26.2", "1.27.9", "1.28.2", "1.29.1"}

// wanderer changes a mesh at random. The same seed makes the same changes, though not at
// the same moments.
type wanderer struct {
	*site
	random *rand.Rand
	told   []string
}

// change is something that users or faults do to a mesh.
type change struct {
	name string
	do   func(*wanderer)
}

var possible = []change{
	{"another version", func(w *wanderer) { w.patch(fmt.Sprintf(`{"spec":{"version":%q}}`, w.version())) }},
	{"another version", func(w *wanderer) { w.patch(fmt.Sprintf(`{"spec":{"version":%q}}`, w.version())) }},
	{"other values", func(w *wanderer) {
		w.patch(fmt.Sprintf(`{"spec":{"values":{"pilot":{"podAnnotations":{"try":"%d"}},"ztunnel":{"podLabels":{"try":"%d"}}}}}`, w.random.IntN(3), w.random.IntN(3)))
	}},
	{"no values", func(w *wanderer) { w.patch(`{"spec":{"values":null}}`) }},
	{"paused", func(w *wanderer) {
		w.patch(fmt.Sprintf(`{"metadata":{"annotations":{%q:"true"}}}`, v1.PausedAnnotation))
	}},
	{"deleted and applied again", func(w *wanderer) {
		w.begin(uninstall)
		w.unpause()
		w.finish(uninstall)
		w.create()
		w.finish(install)
	}},
	{"operator killed", func(w *wanderer) { w.replace() }},
	{"writes fail", func(w *wanderer) {
		w.faults.Arm(faults.Rule{When: meshWrite, At: 1 + w.random.IntN(20), Times: 1 + w.random.IntN(3), Fault: faults.InternalError()})
	}},
	{"writes time out after the server has acted", func(w *wanderer) {
		w.faults.Arm(faults.Rule{When: meshWrite, At: 1 + w.random.IntN(20), Times: 2, Fault: faults.GatewayTimeout().AfterActing()})
	}},
	{"watches cut", func(w *wanderer) { w.faults.CutWatches() }},
}

func (w *wanderer) version() string { return reachable[w.random.IntN(len(reachable))] }

func (w *wanderer) create() {
	mesh := Sample("minimal.yaml", Version(w.version()))
	mesh.Spec.Upgrade = &v1.Upgrade{AllowDowngrade: true}
	w.Create(mesh)
}

func (w *wanderer) patch(patch string) {
	w.told = append(w.told, patch)
	raw := client.RawPatch("application/merge-patch+json", []byte(patch))
	Expect(client.IgnoreNotFound(w.API.Patch(context.Background(), Sample("minimal.yaml"), raw))).To(Succeed())
}

func (w *wanderer) unpause() {
	w.patch(fmt.Sprintf(`{"metadata":{"annotations":{%q:null}}}`, v1.PausedAnnotation))
}

// proceed lets the operator do a part of what there is to do.
func (w *wanderer) proceed() {
	mark, some := w.Cluster.Audit().Mark(), w.random.IntN(patience)
	Eventually(func() bool { return len(w.Requests(mark)) >= some || w.settled() }).Should(BeTrue())
}

// settled reports whether the operator has nothing more to do for the present spec.
func (w *wanderer) settled() bool {
	mesh := w.Mesh()
	return mesh.Status.Phase == v1.PhaseSucceeded && mesh.Status.ObservedGeneration == mesh.Generation || mesh.Annotations[v1.PausedAnnotation] != ""
}

// wander changes the mesh some times and lets it end in the last spec, watched all the
// way.
func (w *wanderer) wander() {
	GinkgoHelper()
	w.create()
	w.finish(install)
	guard := watchSkew(w.Env)
	for range changes {
		next := possible[w.random.IntN(len(possible))]
		w.told = append(w.told, next.name)
		next.do(w)
		w.proceed()
	}
	w.faults.Arm()
	w.unpause()
	w.finish(install)
	w.Settled()
	Expect(guard.stop()).To(BeEmpty(), "illegal skews: "+strings.Join(w.told, "; "))
}

// besidesHistory is a snapshot without what tells the way that led to it, and without
// the Gateway API's CRDs, which never go back.
func (w *wanderer) besidesHistory() Snapshot {
	GinkgoHelper()
	all, err := w.Snapshot(context.Background())
	Expect(err).NotTo(HaveOccurred())
	for name, text := range all {
		if strings.HasPrefix(name, "ServiceMeshController ") || strings.HasPrefix(name, "Secret ") || strings.HasSuffix(name, ".gateway.networking.k8s.io") {
			delete(all, name)
			continue
		}
		all[name] = generations.ReplaceAllString(text, "")
	}
	return all
}

var generations = regexp.MustCompile(`(?m)^\s*("generation"|"deprecated\.daemonset\.template\.generation"|"deployment\.kubernetes\.io/revision"): .*\n`)

var _ = Describe("Any sequence of changes and faults", func() {
	It("ends as a fresh installation of the last spec, without an illegal skew on the way", func() {
		var all []uint64
		for seed := range *seeds {
			all = append(all, *firstSeed+seed)
		}
		waiting := queue(portion.Of(all))
		each(sites, func(s *site) {
			for seed := range waiting {
				s.reset()
				w := &wanderer{site: s, random: rand.New(rand.NewPCG(seed, 0))}
				w.wander()
				wandered, spec := w.besidesHistory(), w.Mesh().Spec
				s.reset()
				fresh := Sample("minimal.yaml")
				fresh.Spec = spec
				s.Create(fresh)
				s.finish(install)
				s.Settled()
				Expect(wandered.Difference(w.besidesHistory())).To(BeEmpty(), "seed %d: %s", seed, strings.Join(w.told, "; "))
			}
		})
	})
})
