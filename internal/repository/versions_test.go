// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = DescribeTable("The nearest releases", func(wanted, listed, want string) {
	Expect(strings.Join(repository.Nearest(wanted, strings.Fields(listed)), " ")).To(Equal(want))
},
	Entry("are of the same minor version", "1.30.3", "1.29.9 1.30.2 1.30.4 1.31.0", "1.30.2 1.30.4"),
	Entry("are at most five, the closest ones", "1.30.9", "1.30.0 1.30.1 1.30.2 1.30.3 1.30.4 1.30.5 1.30.6", "1.30.2 1.30.3 1.30.4 1.30.5 1.30.6"),
	Entry("are the newest of the neighbours where there is none", "1.30.3", "1.28.0 1.29.8 1.29.9 1.31.0 1.31.1",
		"1.28.0 1.29.8 1.29.9 1.31.0 1.31.1"),
	Entry("are no prereleases", "1.31.9", "1.31.0-rc.1 1.31.0 1.31.1 1.31-alpha.0a1b 1.31.2-alpha.0a1b", "1.31.0 1.31.1"),
	Entry("are builds with a suffix where there are no others", "1.29.3", "1.29.1-solo 1.29.2-solo", "1.29.1-solo 1.29.2-solo"),
	Entry("are builds with a suffix for one that has a suffix", "1.29.3-solo", "1.29.2 1.29.2-solo", "1.29.2-solo 1.29.2"),
	Entry("are not those with other tags", "1.29.3", "latest sha256-0a1b.sig v1.29.2", ""),
	Entry("are none for what is no version", "latest", "1.29.2", ""),
)

var _ = Describe("A registry with many tags", func() {
	// list serves that many pages of tags, each of which leads to the next.
	list := func(pages int) *charttest.Server {
		server := charttest.NewServer(nil)
		server.Handle("/v2/charts/istiod/tags/list", func(w http.ResponseWriter, r *http.Request) {
			page := 0
			_, _ = fmt.Sscanf(r.URL.Query().Get("last"), "1.0.%d", &page)
			if page+1 < pages {
				w.Header().Set("Link", fmt.Sprintf(`</v2/charts/istiod/tags/list?last=1.0.%d>; rel="next"`, page+1))
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"tags": []string{fmt.Sprintf("1.0.%d", page), "latest"}})
		})
		return server
	}
	versions := func(server *charttest.Server) ([]string, error) {
		source := repository.Source{URL: "oci://" + server.Listener.Addr().String() + "/charts"}
		return repository.Versions(context.Background(), source, repository.Access{CA: server.CA}, repository.DefaultLimits())
	}

	It("is asked for all of its pages", func() {
		Expect(versions(list(12))).To(HaveLen(12))
	})

	It("is not asked for ever", func() {
		endless := list(1 << 30)
		_, err := versions(endless)
		Expect(err).To(MatchError(ContainSubstring("exceeded 50 pages")))
		Expect(endless.Seen()).To(HaveLen(50))
	})
})
