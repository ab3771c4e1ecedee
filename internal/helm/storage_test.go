// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

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
