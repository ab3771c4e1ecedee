// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// dashboard is what of Grafana's model is looked at.
type dashboard struct {
	Title  string  `json:"title"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int      `json:"id"`
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Targets     []target `json:"targets"`
	Position    position `json:"gridPos"`
}

type target struct {
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat"`
}

type position struct{ X, Y, W, H int }

// shown is the dashboard in the chart's ConfigMap.
func shown() dashboard {
	GinkgoHelper()
	text, found, err := unstructured.NestedString(rendered("ConfigMap", "gloo-operator-dashboard").Object, "data", "gloo-operator.json")
	Expect(err).NotTo(HaveOccurred())
	Expect(found).To(BeTrue())
	var d dashboard
	Expect(json.Unmarshal([]byte(text), &d)).To(Succeed())
	return d
}

// queries are those of all panels, for all meshes.
func queries() []string {
	GinkgoHelper()
	var all []string
	for _, p := range shown().Panels {
		for _, t := range p.Targets {
			all = append(all, strings.ReplaceAll(t.Expr, "$mesh", ".*"))
		}
	}
	return all
}

var _ = It("The dashboard has panels that say what they show and lie side by side", func() {
	d := shown()
	Expect(d.Title).NotTo(BeEmpty())
	Expect(d.Panels).NotTo(BeEmpty())
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		Expect(p.Title).NotTo(BeEmpty())
		Expect(p.Description).NotTo(BeEmpty(), p.Title)
		Expect(p.Targets).NotTo(BeEmpty(), p.Title)
		Expect(ids).NotTo(HaveKey(p.ID), p.Title)
		ids[p.ID] = true
		for x := p.Position.X; x < p.Position.X+p.Position.W; x++ {
			for y := p.Position.Y; y < p.Position.Y+p.Position.H; y++ {
				Expect(x).To(BeNumerically("<", 24), p.Title)
				Expect(taken).NotTo(HaveKey([2]int{x, y}), p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
})

var _ = It("The dashboard is where Grafana's sidecar looks for it", func() {
	Expect(rendered("ConfigMap", "gloo-operator-dashboard").GetLabels()).To(HaveKeyWithValue("grafana_dashboard", "1"))
})
