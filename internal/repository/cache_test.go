// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("Charts that were fetched once", func() {
	var (
		server    *charttest.Server
		directory string
	)

	BeforeEach(func() {
		server = charttest.HelmRepository(version, smallCharts())
		directory = filepath.Join(GinkgoT().TempDir(), "not", "there")
	})

	// get fetches into the directory, or takes from it, with a store of its own.
	get := func(size int64, source repository.Source) (repository.Charts, error) {
		store := repository.NewStore(context.Background(), repository.Options{Dir: directory, Size: size})
		return store.Fetch(context.Background(), repository.Request{Source: source, Access: func(context.Context) (repository.Access, error) {
			return asPuller(server.CA), nil
		}})
	}
	source := func() repository.Source { return repository.Source{URL: server.URL + "/charts", Version: version} }
	files := func() []string {
		GinkgoHelper()
		found, err := filepath.Glob(filepath.Join(directory, "*"))
		Expect(err).NotTo(HaveOccurred())
		return found
	}

	It("are there while the repository is away", func() {
		before, err := get(0, source())
		Expect(err).NotTo(HaveOccurred())
		server.Close()
		Expect(get(0, source())).To(Equal(before))
	})

	It("are for their source alone", func() {
		Expect(get(0, source())).To(HaveLen(4))
		server.Close()
		for _, change := range []func(*repository.Source){
			func(s *repository.Source) { s.URL += "/other" },
			func(s *repository.Source) { s.Version = "1.29.98" },
			func(s *repository.Source) { s.SkipVerify = true },
		} {
			other := source()
			change(&other)
			_, err := get(0, other)
			Expect(err).To(HaveOccurred())
		}
	})

	It("leave nothing half-written", func() {
		Expect(get(0, source())).To(HaveLen(4))
		Expect(files()).To(HaveLen(1))
	})

	DescribeTable("are fetched again where the file was", func(spoil func([]byte) []byte) {
		Expect(get(0, source())).To(HaveLen(4))
		content, err := os.ReadFile(files()[0])
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(files()[0], spoil(bytes.Clone(content)), 0o600)).To(Succeed())
		before := len(server.Seen())
		Expect(get(0, source())).To(HaveLen(4))
		Expect(len(server.Seen())).To(BeNumerically(">", before))
		Expect(os.ReadFile(files()[0])).To(Equal(content))
	},
		Entry("emptied", func([]byte) []byte { return nil }),
		Entry("cut short", func(content []byte) []byte { return content[:len(content)-10] }),
		Entry("changed", func(content []byte) []byte { content[len(content)/2] ^= 1; return content }),
	)

	It("are verified again, whoever wrote the file", func() {
		Expect(get(0, source())).To(HaveLen(4))
		other := source()
		other.Version = "1.29.98"
		name := files()[0]
		content, err := os.ReadFile(name)
		Expect(err).NotTo(HaveOccurred())
		_, err = get(0, other) // 404: it tells no file's name, so every name is tried.
		Expect(err).To(HaveOccurred())
		Expect(repository.Decode(other, content)).To(BeNil())
		Expect(repository.Decode(source(), content)).To(HaveLen(4))
	})

	It("go when there are too many, those used least recently first", func() {
		second := source()
		second.SkipVerify = true
		third := source()
		third.URL += "/"
		Expect(get(0, source())).To(HaveLen(4))
		first := files()[0]
		info, err := os.Stat(first)
		Expect(err).NotTo(HaveOccurred())
		bound := info.Size()*2 + 100
		Expect(os.Chtimes(first, time.Time{}, time.Now().Add(-time.Hour))).To(Succeed())
		Expect(get(bound, second)).To(HaveLen(4))
		old := otherThan(files(), first)
		Expect(os.Chtimes(old, time.Time{}, time.Now().Add(-time.Minute))).To(Succeed())
		Expect(get(bound, source())).To(HaveLen(4), "it is used, and so the newest now")
		Expect(get(bound, third)).To(HaveLen(4))
		Expect(files()).To(And(HaveLen(2), ContainElement(first), Not(ContainElement(old))))
	})

	It("are given out where they cannot be kept, and that is said", func() {
		Expect(os.WriteFile(filepath.Dir(filepath.Dir(directory))+"/not", nil, 0o600)).To(Succeed())
		charts, err := get(0, source())
		Expect(charts).To(HaveLen(4))
		keep := &repository.CacheError{}
		Expect(errors.As(err, &keep)).To(BeTrue(), "%v", err)
	})
})

func otherThan(names []string, name string) string {
	for _, other := range names {
		if other != name {
			return other
		}
	}
	return ""
}
