// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stored is a Secret of a revision of istiod, written at that time.
func stored(version int, status, mark string, written time.Time) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprintf("sh.helm.release.v1.istiod.v%d", version), CreationTimestamp: metav1.NewTime(written),
		Labels: map[string]string{"owner": "helm", "name": "istiod", "version": fmt.Sprint(version), "status": status, digestLabel: mark},
	}}
}

// historyOf reads the metadata of Secrets.
func historyOf(secrets ...*metav1.PartialObjectMetadata) Revisions {
	GinkgoHelper()
	var all Revisions
	for _, secret := range secrets {
		r, ok := revisionOf(secret)
		Expect(ok).To(BeTrue())
		all = append(all, r)
	}
	return all
}

var _ = DescribeTable("The history of a release", func(truthful, foreign bool, secrets ...*metav1.PartialObjectMetadata) {
	all := historyOf(secrets...)
	Expect(all.Recorded("abc")).To(Equal(truthful))
	Expect(all.Foreign()).To(Equal(foreign))
},
	Entry("is true where the newest revision is the plan's and the only one deployed", true, false,
		stored(1, "superseded", "xyz.v1", time.Time{}), stored(2, "failed", "", time.Time{}), stored(10, "deployed", "abc.v10", time.Time{})),
	Entry("is not, where it is empty", false, false),
	Entry("is not, where the newest is another plan's", false, false, stored(2, "deployed", "xyz.v2", time.Time{})),
	Entry("is not, where helm has rolled back to ours", false, true,
		stored(2, "superseded", "xyz.v2", time.Time{}), stored(3, "deployed", "abc.v1", time.Time{})),
	Entry("is not, where the newest is uninstalled", false, false, stored(2, "uninstalled", "abc.v2", time.Time{})),
	Entry("is not, where two are deployed", false, false,
		stored(1, "deployed", "xyz.v1", time.Time{}), stored(2, "deployed", "abc.v2", time.Time{})),
	Entry("is not, where an upgrade is stuck", false, true,
		stored(1, "deployed", "abc.v1", time.Time{}), stored(2, "pending-upgrade", "abc.v1", time.Time{})),
)

var _ = DescribeTable("A helm that is at work", func(wait time.Duration, secret func(now time.Time) *metav1.PartialObjectMetadata) {
	now := time.Now()
	Expect(historyOf(secret(now)).Pending(now)).To(Equal(wait))
},
	Entry("is left alone", pendingTimeout-time.Minute, func(now time.Time) *metav1.PartialObjectMetadata {
		return stored(2, "pending-rollback", "", now.Add(-time.Minute))
	}),
	Entry("is left alone while it uninstalls what is old", pendingTimeout-time.Minute, func(now time.Time) *metav1.PartialObjectMetadata {
		secret, written := stored(2, "uninstalling", "", now.Add(-time.Hour)), metav1.NewTime(now.Add(-time.Minute))
		secret.ManagedFields = []metav1.ManagedFieldsEntry{{Time: &written}}
		return secret
	}),
	Entry("is not waited for for ever", time.Duration(0), func(now time.Time) *metav1.PartialObjectMetadata {
		return stored(2, "pending-install", "", now.Add(-pendingTimeout))
	}),
	Entry("is not waited for longer where the API server's clock is ahead", pendingTimeout, func(now time.Time) *metav1.PartialObjectMetadata {
		return stored(2, "pending-install", "", now.Add(time.Hour))
	}),
	Entry("is none where a revision is deployed", time.Duration(0), func(now time.Time) *metav1.PartialObjectMetadata {
		return stored(2, "deployed", "", now)
	}),
)

var _ = DescribeTable("A Secret that is not named as Helm does is no revision", func(change func(*metav1.PartialObjectMetadata)) {
	secret := stored(2, "deployed", "abc.v2", time.Time{})
	change(secret)
	_, ok := revisionOf(secret)
	Expect(ok).To(BeFalse())
},
	Entry("with another name", func(s *metav1.PartialObjectMetadata) { s.Name = "mine" }),
	Entry("with another number", func(s *metav1.PartialObjectMetadata) { s.Labels["version"] = "3" }),
	Entry("without a number", func(s *metav1.PartialObjectMetadata) { delete(s.Labels, "version") }),
)
