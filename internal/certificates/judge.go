// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Warning is how long before it expires a certificate is reported.
const Warning = 30 * 24 * time.Hour

// Finding is what the certificates show.
type Finding struct {
	// Status is nil where there are no certificates.
	Status *v1.CertificatesStatus
	// Valid, Reason and Message are those of the condition. An empty reason: there is none.
	Valid           metav1.ConditionStatus
	Reason, Message string
	// Next is when time alone changes the finding. Zero: never.
	Next time.Time
}

// Judge returns what the certificates show at a time.
func Judge(in Input, now time.Time) Finding {
	source, used := in.external(), (*secret)(nil)
	if source == "" {
		used = in.secret()
	}
	if in.Published == nil && used == nil {
		return Finding{}
	}
	j := judgment{now: now, used: used, namespace: in.Namespace, found: Finding{Status: &v1.CertificatesStatus{Source: v1.SourceOther}}}
	if source != "" {
		j.found.Status.Source = source
	}
	if used != nil {
		j.found.Status.Source = used.source
	}
	if in.Published != nil {
		published := parse(in.Published)
		j.published = &published
	}
	j.describe()
	j.conclude()
	return j.found
}

// judgment is one in the making.
type judgment struct {
	now time.Time
	// published are the roots of the ConfigMap. Nil: there is none.
	published *bundle
	// used is the Secret that istiod signs with. Nil: there is none.
	used *secret
	// namespace is the install namespace.
	namespace string
	found     Finding
	// notes are what else is to be known.
	notes []string
	// expiring are the certificates that the finding depends on, with what each is.
	expiring []dated
}

// dated is a certificate that expires, and what it is.
type dated struct {
	what string
	certificate
}

// describe fills the status.
func (j *judgment) describe() {
	status := j.found.Status
	if j.published != nil {
		status.Root = j.first("root", j.published.firstToExpire())
		if count := len(j.published.certificates); count > 1 {
			j.notes = append(j.notes, fmt.Sprintf("%d roots are published, of which root is the first to expire", count))
		}
	} else {
		j.notes = append(j.notes, "istiod has not published the root yet: there is no ConfigMap "+RootConfigMap)
	}
	switch {
	case j.used != nil:
		chain := bundle{certificates: append(j.used.signer.certificates[:len(j.used.signer.certificates):len(j.used.signer.certificates)], j.used.chain.certificates...)}
		status.Signer = j.first("signer", chain.firstToExpire())
	case status.Source == v1.SourceOther || status.Source == v1.SourceIstioCSR:
		j.notes = append(j.notes, "the signer is not known: no Secret of istiod has it")
	}
	status.Message = strings.Join(j.notes, "; ")
}

// first takes note of the certificate of a kind that expires first. Nil: there is none.
func (j *judgment) first(what string, c *certificate) *v1.CertificateStatus {
	if c == nil {
		return nil
	}
	j.expiring = append(j.expiring, dated{what, *c})
	return &v1.CertificateStatus{Subject: c.subject, Fingerprint: c.fingerprint, NotAfter: metav1.NewTime(c.notAfter)}
}

// conclude fills the condition: what is worst counts.
func (j *judgment) conclude() {
	checks := []func() (metav1.ConditionStatus, string, string){j.expired, j.mismatched, j.unreadable, j.expiresSoon}
	for _, check := range checks {
		if status, reason, message := check(); reason != "" {
			j.found.Valid, j.found.Reason, j.found.Message = status, reason, message
			break
		}
	}
	if j.found.Reason == "" && len(j.expiring) > 0 {
		first := j.firstDated()
		j.found.Valid, j.found.Reason = metav1.ConditionTrue, v1.ReasonCertificatesValid
		j.found.Message = fmt.Sprintf("the %s is the first to expire, on %s", first.what, day(first.notAfter))
	}
	for _, c := range j.expiring {
		j.changesAt(c.notAfter.Add(-Warning))
		j.changesAt(c.notAfter)
	}
}

// changesAt takes note of when time changes the finding.
func (j *judgment) changesAt(t time.Time) {
	if t.After(j.now) && (j.found.Next.IsZero() || t.Before(j.found.Next)) {
		j.found.Next = t
	}
}

// firstDated is the certificate that expires first. There has to be one.
func (j *judgment) firstDated() dated {
	first := j.expiring[0]
	for _, c := range j.expiring[1:] {
		if c.notAfter.Before(first.notAfter) {
			first = c
		}
	}
	return first
}

func (j *judgment) expired() (metav1.ConditionStatus, string, string) {
	if len(j.expiring) == 0 || j.firstDated().notAfter.After(j.now) {
		return "", "", ""
	}
	first := j.firstDated()
	return metav1.ConditionFalse, v1.ReasonCertificateExpired, fmt.Sprintf("the %s %s has expired on %s: %s", first.what, first.subject, day(first.notAfter), j.advice(first))
}

func (j *judgment) expiresSoon() (metav1.ConditionStatus, string, string) {
	if len(j.expiring) == 0 || j.firstDated().notAfter.Add(-Warning).After(j.now) {
		return "", "", ""
	}
	first := j.firstDated()
	return metav1.ConditionFalse, v1.ReasonCertificateExpiring, fmt.Sprintf("the %s %s expires on %s: %s", first.what, first.subject, day(first.notAfter), j.advice(first))
}

// advice says what to do about a certificate that expires.
func (j *judgment) advice(c dated) string {
	switch j.found.Status.Source {
	case v1.SourceIstiod:
		return "check the log of istiod, which renews its CA itself"
	case v1.SourceCACerts:
		if j.published != nil && len(j.published.certificates) > 1 && c.what == "root" {
			return fmt.Sprintf("if no workload needs it any more, remove it from the Secret %s and restart istiod", CACertsSecret)
		}
		return fmt.Sprintf("renew it in the Secret %s: see docs/certificates.md", CACertsSecret)
	default:
		return "renew it where the certificates of the mesh are signed"
	}
}

// mismatched reports roots of the Secret that are not published.
func (j *judgment) mismatched() (metav1.ConditionStatus, string, string) {
	if j.used == nil || j.published == nil || j.used.root.problem != "" || j.published.problem != "" {
		return "", "", ""
	}
	missing, lost := j.used.root.without(*j.published), j.published.without(j.used.root)
	switch name, key := j.used.name, j.used.rootKey; {
	case len(missing) == 0:
		return "", "", ""
	case len(lost) > 0 && j.used.source == v1.SourceCACerts:
		return metav1.ConditionFalse, v1.ReasonRootMismatch, fmt.Sprintf(
			"%s of the Secret %s lacks the published root %s: workloads may not trust each other once istiod restarts: add that root to %[1]s before",
			key, name, lost[0].fingerprint)
	case len(lost) > 0:
		return metav1.ConditionFalse, v1.ReasonRootMismatch, fmt.Sprintf(
			"the Secret %s lacks the published root %s: workloads may not trust each other once istiod restarts: restore the Secret that has it", name, lost[0].fingerprint)
	default:
		return metav1.ConditionFalse, v1.ReasonRootMismatch, fmt.Sprintf(
			"the root %s of the Secret %s is not published yet: restart istiod to load it: kubectl rollout restart deployment -l app=istiod -n %s",
			missing[0].fingerprint, name, j.namespace)
	}
}

// unreadable reports texts that have no certificates, or malformed ones.
func (j *judgment) unreadable() (metav1.ConditionStatus, string, string) {
	var problems []string
	if j.published != nil && j.published.problem != "" {
		problems = append(problems, fmt.Sprintf("ConfigMap %s: %s", RootConfigMap, j.published.problem))
	}
	if j.used != nil && len(j.used.problems()) > 0 {
		problems = append(problems, fmt.Sprintf("Secret %s: %s", j.used.name, strings.Join(j.used.problems(), ", ")))
	}
	if len(problems) == 0 {
		return "", "", ""
	}
	return metav1.ConditionUnknown, v1.ReasonCertificateUnreadable, "certificates cannot be read: " + strings.Join(problems, "; ")
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
