// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/test/harness/memory"
)

// compressed is what those texts have compressed, the second of them that many times.
func compressed(first, again string, times int, last string) []byte {
	return slices.Concat(member(first), bytes.Repeat(member(again), times), member(last))
}

// member is a compressed text. Several of them are the texts one after the other.
func member(text string) []byte {
	GinkgoHelper()
	buffer := &bytes.Buffer{}
	writer := gzip.NewWriter(buffer)
	_, err := writer.Write([]byte(text))
	Expect(err).NotTo(HaveOccurred())
	Expect(writer.Close()).To(Succeed())
	return buffer.Bytes()
}

var _ = Describe("The storage of Helm releases", func() {
	var (
		client   *fake.Clientset
		releases *helm.Storage
		store    *storage.Storage
	)

	BeforeEach(func() {
		client = fake.NewClientset()
		secrets := client.CoreV1().Secrets("istio-system")
		releases = helm.NewStorage(secrets)
		store = storage.Init(driver.NewSecrets(secrets))
	})

	recordOf := func(name, color, digest string) helm.ReleaseRecord {
		GinkgoHelper()
		chart := chartOf("color: red\n", map[string]string{"a.yaml": configMap})
		rendered, _, err := chart.Render(helm.Request{Release: name, Namespace: "istio-system", Values: tree{"color": color}})
		Expect(err).NotTo(HaveOccurred())
		return helm.ReleaseRecord{Rendered: rendered, Digest: digest}
	}
	record := func(ctx context.Context, name, color, digest string) error {
		GinkgoHelper()
		_, _, err := releases.Record(ctx, []helm.ReleaseRecord{recordOf(name, color, digest)})
		return err
	}
	revisions := func(name string) map[int]release.Status {
		GinkgoHelper()
		history, err := store.History(name)
		if errors.Is(err, driver.ErrReleaseNotFound) {
			return nil
		}
		Expect(err).NotTo(HaveOccurred())
		found := map[int]release.Status{}
		for _, one := range history {
			found[one.Version] = one.Info.Status
		}
		return found
	}
	// forge makes a release Secret as another client would, with that content.
	forge := func(ctx context.Context, name string, version int, content []byte) {
		GinkgoHelper()
		labels := map[string]string{"owner": "helm", "name": name, "version": strconv.Itoa(version), "status": "deployed"}
		_, err := client.CoreV1().Secrets("istio-system").Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "istio-system", Name: fmt.Sprintf("sh.helm.release.v1.%s.v%d", name, version), Labels: labels},
			Data:       map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(content))},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
	}
	writes := func() (verbs []string) {
		for _, action := range client.Actions() {
			if verb := action.GetVerb(); verb != "list" && verb != "get" {
				verbs = append(verbs, verb)
			}
		}
		return verbs
	}

	It("writes a release that Helm can read", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		recorded, err := store.Deployed("istiod")
		Expect(err).NotTo(HaveOccurred())
		Expect(recorded.Version).To(Equal(1))
		Expect(recorded.Namespace).To(Equal("istio-system"))
		Expect(recorded.Chart.Metadata.Version).To(Equal("1.29.1"))
		Expect(recorded.Chart.Values).To(Equal(tree{"color": "red"}))
		Expect(recorded.Config).To(Equal(tree{"color": "blue"}))
		Expect(recorded.Manifest).To(ContainSubstring("color: blue"))
		Expect(recorded.Info.Description).To(Equal("Install complete"))
		Expect(recorded.Info.LastDeployed.IsZero()).To(BeFalse())
	})

	It("writes nothing where the digest is the newest revision's", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		client.ClearActions()
		Expect(record(ctx, "istiod", "green", "one")).To(Succeed())
		Expect(writes()).To(BeEmpty())
	})

	It("supersedes the revision before", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		first, err := store.Last("istiod")
		Expect(err).NotTo(HaveOccurred())
		Expect(record(ctx, "istiod", "green", "two")).To(Succeed())
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{1: release.StatusSuperseded, 2: release.StatusDeployed}))
		second, err := store.Last("istiod")
		Expect(err).NotTo(HaveOccurred())
		Expect(second.Info.Description).To(Equal("Upgrade complete"))
		Expect(second.Info.FirstDeployed.Equal(first.Info.FirstDeployed)).To(BeTrue())
		Expect(second.Config).To(Equal(tree{"color": "green"}))
	})

	It("records going back to an earlier digest", func(ctx context.Context) {
		for _, digest := range []string{"one", "two", "one"} {
			Expect(record(ctx, "istiod", "blue", digest)).To(Succeed())
		}
		Expect(revisions("istiod")).To(HaveKeyWithValue(3, release.StatusDeployed))
	})

	It("keeps three revisions, also past the tenth", func(ctx context.Context) {
		for _, digest := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"} {
			Expect(record(ctx, "istiod", "blue", digest)).To(Succeed())
		}
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{
			9: release.StatusSuperseded, 10: release.StatusSuperseded, 11: release.StatusDeployed,
		}))
	})

	It("records again after a failed helm upgrade", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		stuck, err := store.Last("istiod")
		Expect(err).NotTo(HaveOccurred())
		stuck.Version, stuck.Info.Status = 2, release.StatusPendingUpgrade
		Expect(store.Create(stuck)).To(Succeed())
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{
			1: release.StatusSuperseded, 2: release.StatusSuperseded, 3: release.StatusDeployed,
		}))
	})

	DescribeTable("replaces a revision that helm cannot use", func(ctx context.Context, content func() []byte) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		secrets := client.CoreV1().Secrets("istio-system")
		secret, err := secrets.Get(ctx, "sh.helm.release.v1.istiod.v1", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		secret.Data["release"] = []byte(base64.StdEncoding.EncodeToString(content()))
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: "kubectl-edit"})
		Expect(err).NotTo(HaveOccurred())
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{2: release.StatusDeployed}))
		Expect(releases.DeleteReleases(ctx, []string{"istiod"})).To(Equal(1), "nothing of the unreadable one is left")
	},
		// Hardened: a release Secret whose content is no release | recording failed for good, since its name was taken
		Entry("where its content is no release: it is replaced", func() []byte { return []byte("nothing") }),
		// Hardened: a release Secret that holds an empty release | the operator crashed while recording
		Entry("where its content is empty: it is replaced", func() []byte { return []byte("{}") }),
		// Hardened: a person replaces the content of a release Secret | helm get showed that for good
		Entry("where somebody has replaced its content: what runs is recorded again", func() []byte {
			recorded, err := store.Last("istiod")
			Expect(err).NotTo(HaveOccurred())
			recorded.Config = tree{"color": "theirs"}
			content, err := json.Marshal(recorded)
			Expect(err).NotTo(HaveOccurred())
			return content
		}),
	)

	// Hardened: a person changes the label status of a release Secret | helm list lacked the release, and each attempt listed all Secrets
	It("records again what runs where the newest revision is not labelled as deployed", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		secrets := client.CoreV1().Secrets("istio-system")
		secret, err := secrets.Get(ctx, "sh.helm.release.v1.istiod.v1", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		secret.Labels["status"] = "failed"
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		deployed, err := store.Deployed("istiod")
		Expect(err).NotTo(HaveOccurred())
		Expect(deployed.Version).To(Equal(2))
	})

	// Hardened: a release Secret that expands a thousandfold | all of it was decoded, beyond the memory of the operator
	It("replaces a revision that takes too much memory to decode, and decodes none of it", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		forge(ctx, "istiod", 2, compressed(`{"name":"istiod","version":2,"info":{},"chart":{},"config":{"a":"`, strings.Repeat("a", 1<<20), 300, `"}}`))
		forge(ctx, "istiod", 3, compressed(`{"name":"istiod","version":3,"info":{},"chart":{},"config":{"a":[{}`, strings.Repeat(",{}", 1<<10), 4<<10, `]}}`))
		Expect(memory.Peak(func() { Expect(record(ctx, "istiod", "blue", "one")).To(Succeed()) })).To(BeNumerically("<", memory.Limit/4))
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{1: release.StatusSuperseded, 4: release.StatusDeployed}))
	})

	// Hardened: a hundred large release Secrets | all were decoded at once, beyond the memory of the operator
	It("decodes a limited amount", func(ctx context.Context) {
		for version := range 100 {
			first := fmt.Sprintf(`{"name":"istiod","version":%d,"info":{},"chart":{},"config":{"a":"`, version+1)
			forge(ctx, "istiod", version+1, compressed(first, strings.Repeat("a", 1<<20), 8, `"}}`))
		}
		Expect(memory.Peak(func() { Expect(record(ctx, "istiod", "blue", "one")).To(Succeed()) })).To(BeNumerically("<", memory.Limit))
		Expect(revisions("istiod")).To(HaveKeyWithValue(101, release.StatusDeployed))
	})

	// Hardened: release Secrets of other releases in the install namespace | each of them was decoded
	It("asks for the releases to record alone", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		list := client.Actions()[0].(clienttesting.ListAction)
		Expect(list.GetListRestrictions().Labels.String()).To(Equal("name in (istiod),owner=helm"))
	})

	It("lists its revisions page by page", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		Expect(record(ctx, "istiod", "blue", "two")).To(Succeed())
		client.PrependReactor("list", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
			options := action.(clienttesting.ListActionImpl).ListOptions
			Expect(options.Limit).To(BeNumerically(">", 0))
			found, err := client.Tracker().List(corev1.SchemeGroupVersion.WithResource("secrets"), corev1.SchemeGroupVersion.WithKind("Secret"), "istio-system")
			Expect(err).NotTo(HaveOccurred())
			page := found.(*corev1.SecretList).DeepCopy()
			if options.Continue == "" {
				page.Continue, page.Items = "the rest", page.Items[:1]
			} else {
				page.Items = page.Items[1:]
			}
			return true, page, nil
		})
		Expect(record(ctx, "istiod", "blue", "three")).To(Succeed())
		client.ReactionChain = client.ReactionChain[1:]
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{
			1: release.StatusSuperseded, 2: release.StatusSuperseded, 3: release.StatusDeployed,
		}))
	})

	// Hardened: a release Secret whose content claims to be another revision | that revision's record was overwritten with it
	It("takes no content for another revision's", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		forge(ctx, "istiod", 2, compressed(`{"name":"istiod","version":1,"info":{},"chart":{},"config":{"color":"theirs`, "", 0, `"}}`))
		Expect(record(ctx, "istiod", "green", "two")).To(Succeed())
		history, err := store.History("istiod")
		Expect(err).NotTo(HaveOccurred())
		Expect(history).To(ConsistOf(
			And(HaveField("Version", 1), HaveField("Config", Equal(tree{"color": "blue"}))), HaveField("Version", 3)))
	})

	// Hardened: a release Secret with a revision number near 2^63 | no revision was ever recorded again
	It("replaces a revision whose number leaves no room for the next", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		for _, version := range []int{math.MaxInt, math.MaxInt - 1} {
			forge(ctx, "istiod", version, compressed(fmt.Sprintf(`{"name":"istiod","version":%d,"info":{},"chart":{}}`, version), "", 0, ""))
		}
		Expect(record(ctx, "istiod", "green", "two")).To(Succeed())
		Expect(revisions("istiod")).To(Equal(map[int]release.Status{1: release.StatusSuperseded, 2: release.StatusDeployed}))
		client.ClearActions()
		Expect(record(ctx, "istiod", "green", "two")).To(Succeed())
		Expect(writes()).To(BeEmpty())
	})

	DescribeTable("retires", func(ctx context.Context, name string, retired bool) {
		Expect(record(ctx, "theirs", "blue", "one")).To(Succeed())
		Expect(releases.Retire(ctx, name)).To(Equal(retired))
	},
		Entry("no release of another chart than Istio's", "theirs", false),
		Entry("no release that there is not", "other", false),
		Entry("nothing by a name that no release can have", "a name", false),
	)

	It("keeps releases apart", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		Expect(record(ctx, "ztunnel", "blue", "one")).To(Succeed())
		Expect(revisions("istiod")).To(HaveLen(1))
		Expect(revisions("ztunnel")).To(HaveLen(1))
	})

	It("deletes every revision of the named releases, and no other", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		Expect(record(ctx, "istiod", "blue", "two")).To(Succeed())
		Expect(record(ctx, "somebodys", "blue", "one")).To(Succeed())
		Expect(releases.DeleteReleases(ctx, []string{"istiod", "ztunnel"})).To(Equal(2), "revisions")
		Expect(revisions("istiod")).To(BeEmpty())
		Expect(revisions("somebodys")).To(HaveLen(1))
		Expect(releases.DeleteReleases(ctx, []string{"istiod"})).To(BeZero(), "a second time")
	})

	It("does not delete a release of the same name that the operator does not manage", func(ctx context.Context) {
		Expect(record(ctx, "somebodys", "blue", "one")).To(Succeed())
		foreign, err := store.Last("somebodys")
		Expect(err).NotTo(HaveOccurred())
		foreign.Name, foreign.Labels = "ztunnel", nil
		Expect(store.Create(foreign)).To(Succeed())
		Expect(releases.DeleteReleases(ctx, []string{"ztunnel"})).To(BeZero())
		Expect(revisions("ztunnel")).To(HaveLen(1))
	})

	It("names the release that cannot be written", func(ctx context.Context) {
		client.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("quota exceeded")
		})
		Expect(record(ctx, "istiod", "blue", "one")).To(MatchError(And(
			ContainSubstring("recording Helm release istiod"), ContainSubstring("quota exceeded"))))
	})

	It("sends one write where writing fails", func(ctx context.Context) {
		client.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("quota exceeded")
		})
		done, _, err := releases.Record(ctx, []helm.ReleaseRecord{recordOf("istiod", "blue", "one"), recordOf("ztunnel", "blue", "one")})
		Expect(err).To(HaveOccurred())
		Expect(done).To(BeZero())
		Expect(writes()).To(Equal([]string{"create"}))
	})

	It("sends one delete where deleting fails", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		Expect(record(ctx, "ztunnel", "blue", "one")).To(Succeed())
		client.ClearActions()
		client.PrependReactor("delete", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("forbidden")
		})
		_, err := releases.DeleteReleases(ctx, []string{"istiod", "ztunnel"})
		Expect(err).To(MatchError(And(
			ContainSubstring("removing revision 1 of Helm release"), ContainSubstring("forbidden"))))
		Expect(writes()).To(Equal([]string{"delete"}))
		Expect(client.Actions()).To(HaveLen(2), "one that lists")
	})

	It("reports how many writes are missing, also where some succeeded whose requests failed", func(ctx context.Context) {
		missing := func(digest string) int {
			_, missing, _ := releases.Record(ctx, []helm.ReleaseRecord{recordOf("istiod", "blue", digest), recordOf("ztunnel", "blue", digest)})
			return missing
		}
		Expect(missing("one")).To(Equal(2), "two revisions to create")
		client.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("connection reset")
		})
		Expect(missing("two")).To(Equal(4), "two to create, two to supersede")
		Expect(missing("two")).To(Equal(3), "one was created before the request failed")
		client.PrependReactor("list", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("connection reset")
		})
		Expect(missing("two")).To(BeNumerically(">", 1000), "not known")
	})

	It("names and types the Secret as Helm does", func(ctx context.Context) {
		Expect(record(ctx, "istiod", "blue", "one")).To(Succeed())
		secrets, err := client.CoreV1().Secrets("istio-system").List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(secrets.Items).To(HaveLen(1))
		Expect(secrets.Items[0].Name).To(Equal("sh.helm.release.v1.istiod.v1"))
		Expect(string(secrets.Items[0].Type)).To(Equal("helm.sh/release.v1"))
	})
})
