// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

const sampleDir = "../../config/samples/"

// result is what a command printed and returned.
type result struct {
	out, errOut string
	err         error
}

// run runs the command line with that standard input.
func run(stdin string, arguments ...string) result {
	var out, errOut bytes.Buffer
	root := cli.NewRoot()
	root.SetArgs(arguments)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errOut)
	err := root.Execute()
	return result{out: out.String(), errOut: errOut.String(), err: err}
}

func render(stdin string, arguments ...string) result {
	return run(stdin, append([]string{"render", "-f", "-"}, arguments...)...)
}

// document is one of the documents that render prints.
type document struct {
	component, kind, name string
	content               map[string]any
}

func documents(printed string) []document {
	GinkgoHelper()
	Expect(printed).To(HavePrefix("---\n"))
	var found []document
	for _, text := range strings.Split(strings.TrimPrefix(printed, "---\n"), "\n---\n") {
		comment, _, _ := strings.Cut(text, "\n")
		d := document{component: strings.TrimPrefix(comment, "# component: ")}
		Expect(yaml.UnmarshalStrict([]byte(text), &d.content)).To(Succeed())
		d.kind, _ = d.content["kind"].(string)
		metadata, _ := d.content["metadata"].(map[string]any)
		d.name, _ = metadata["name"].(string)
		found = append(found, d)
	}
	return found
}

// components lists the documents' components, each run of them once.
func components(printed []document) []string {
	var names []string
	for _, d := range printed {
		if len(names) == 0 || names[len(names)-1] != d.component {
			names = append(names, d.component)
		}
	}
	return names
}

const minimal = `
apiVersion: operator.gloo.solo.io/v1
kind: ServiceMeshController
metadata:
  name: managed-istio
spec:
  version: 1.29.1
`

var _ = Describe("render", func() {
	files, err := filepath.Glob(sampleDir + "*.yaml")
	if err != nil || len(files) == 0 {
		panic("no samples")
	}
	for _, file := range files {
		for _, version := range istio.Versions() {
			It("prints "+filepath.Base(file)+" with Istio "+version+" in the order of applying", func() {
				printed := run("", "render", "-f", file, "--version", version)
				Expect(printed.err).NotTo(HaveOccurred())
				objects := documents(printed.out)
				order := []string{"gateway-api", "istio-base", "istiod", "istio-cni", "ztunnel"}
				if filepath.Base(file) == "probe.yaml" {
					order = append(order, "probe")
				}
				Expect(components(objects)).To(Equal(order))
				for _, object := range objects {
					Expect(object.kind).NotTo(BeEmpty())
					Expect(object.name).NotTo(BeEmpty())
				}
				Expect(printed.out).To(ContainSubstring("docker.io/istio/pilot:" + version))
			})
		}
	}

	It("prints the same each time", func() {
		Expect(render(minimal).out).To(Equal(render(minimal).out))
	})

	It("applies the schema's defaults, which distinguish sidecars from ambient", func() {
		Expect(components(documents(render(minimal + "  dataplaneMode: Sidecar\n").out))).NotTo(ContainElement("ztunnel"))
	})

	It("tells notices apart from objects", func() {
		printed := run("", "render", "-f", sampleDir+"k3s-cilium.yaml")
		Expect(printed.errOut).To(Equal("notice: no chart of Istio 1.26.2 reads these values, so they have no effect: ambient.redirectMode\n"))
		Expect(printed.out).NotTo(ContainSubstring("notice:"))
	})

	It("merges the extensions that stand in the file", func() {
		printed := run("", "render", "-f", sampleDir+"extensions-config.yaml", "--explain")
		Expect(printed.err).NotTo(HaveOccurred())
		Expect(printed.out).To(MatchRegexp(`istiod +meshConfig.enableTracing +true +gloo-extensions-config values.istiod`))
		Expect(printed.out).To(MatchRegexp(`ztunnel +env.L7_ENABLED +true +gloo-extensions-config values.istio-ztunnel`))
		Expect(printed.out).NotTo(MatchRegexp(`istio-cni +meshConfig.enableTracing`))
	})

	It("warns of unknown fields", func() {
		printed := render(minimal + "  verison: 1.29.1\n")
		Expect(printed.err).NotTo(HaveOccurred())
		Expect(printed.errOut).To(Equal("warning: unknown field \"spec.verison\"\n"))
	})

	It("shows charts the Kubernetes version", func() {
		Expect(render(minimal, "--kubernetes-version", "v1.33.0").err).NotTo(HaveOccurred())
		Expect(render(minimal, "--kubernetes-version", "newest").err).To(MatchError(ContainSubstring(`reading the Kubernetes version "newest"`)))
	})

	It("prints each chart's values with --values", func() {
		printed := run("", "render", "-f", sampleDir+"k3s-cilium.yaml", "--values")
		Expect(printed.err).NotTo(HaveOccurred())
		values := documents(printed.out)
		Expect(components(values)).To(Equal([]string{"istio-base", "istiod", "istio-cni", "ztunnel"}))
		Expect(values).To(HaveLen(4))
		Expect(values[2].content["cni"]).To(HaveKeyWithValue("cniConfDir", "/etc/cni/net.d"))
		Expect(printed.errOut).To(ContainSubstring("notice: "))
	})

	It("prints what set each value with --explain", func() {
		printed := run("", "render", "-f", sampleDir+"k3s-cilium.yaml", "--explain")
		Expect(printed.err).NotTo(HaveOccurred())
		lines := strings.Split(strings.TrimSpace(printed.out), "\n")
		Expect(lines[0]).To(MatchRegexp(`^COMPONENT +PATH +VALUE +SET BY$`))
		for _, line := range lines[1:] {
			Expect(line).To(MatchRegexp(`^(istio-base|istiod|istio-cni|ztunnel) +\S+ +\S.* +(release|profile|spec|spec\.\w+)$`))
		}
		Expect(lines).To(ContainElement(MatchRegexp(`^istio-cni +cni\.cniConfDir +"/etc/cni/net.d" +spec\.values$`)))
		Expect(lines).To(ContainElement(MatchRegexp(`^istiod +global\.tag +"1\.26\.2" +release$`)))
		Expect(lines).To(ContainElement(MatchRegexp(`^istiod +pilot\.replicaCount +2 +spec\.scalingProfile$`)))
		Expect(lines).To(ContainElement(MatchRegexp(`^istiod +pilot\.topologySpreadConstraints +.{59}… +spec\.scalingProfile$`)))
		Expect(printed.errOut).To(ContainSubstring("notice: "))
	})

	It("does not print values and explain at once", func() {
		Expect(render(minimal, "--values", "--explain").err).To(MatchError(ContainSubstring("none of the others can be")))
	})
})

var _ = DescribeTable("render reads", func(stdin string) {
	Expect(render(stdin).err).NotTo(HaveOccurred())
},
	Entry("a document", minimal),
	Entry("a document after a separator", "---\n"+minimal),
	Entry("empty documents and comments around it", "# mine\n---\n"+minimal+"---\n# nothing\n---\n"),
	Entry("JSON", `{"apiVersion": "operator.gloo.solo.io/v1", "kind": "ServiceMeshController", "metadata": {"name": "a"}, "spec": {"version": "1.29.1"}}`),
)

var _ = DescribeTable("render refuses", func(stdin, message string) {
	printed := render(stdin)
	Expect(printed.err).To(MatchError(ContainSubstring(message)))
	Expect(printed.out).To(BeEmpty())
	Expect(printed.errOut).To(BeEmpty(), "errors are printed once, by main")
},
	Entry("nothing", "", "standard input holds no ServiceMeshController (operator.gloo.solo.io/v1)"),
	Entry("another kind", minimal+"---\napiVersion: v1\nkind: Service\nmetadata: {name: token}\n",
		`standard input, document 2: "Service" "token" is neither a ServiceMeshController nor the ConfigMap gloo-extensions-config nor a Secret: remove it`),
	Entry("another ConfigMap", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\n", `"ConfigMap" "mine" is neither`),
	Entry("two meshes", minimal+"---"+minimal, "document 2: a second ServiceMeshController, managed-istio"),
	Entry("another API version", strings.Replace(minimal, "solo.io/v1", "solo.io/v2", 1), `must be operator.gloo.solo.io/v1, not "operator.gloo.solo.io/v2"`),
	Entry("broken YAML", "a: [", "standard input, document 1: "),
	// Hardened: gloo-operator render of a manifest with YAML aliases of one long text | they were written out without a limit
	Entry("YAML aliases that stand for more than the API server takes: the command fails",
		minimal+"  values: {a: &a "+strings.Repeat("x", 100<<10)+", b: ["+strings.Repeat("*a, ", 100)+"]}\n", "document 1: it has YAML aliases that stand for more"),
	Entry("a key that stands twice", minimal+"  version: 1.28.2\n", `"version" already set`),
	Entry("a document that is no object", "[1]", "not a Kubernetes object"),
	Entry("what admission refuses", minimal+"  distribution: Fips\n", `spec.distribution: Unsupported value: "Fips": supported values: "Standard", "FIPS"`),
	Entry("values of the wrong kind", minimal+"  values: {pilot: 3}\n", "spec.values: pilot must be a map, not a number"),
)

var _ = Describe("render", func() {
	It("refuses a version that admission would, with --version too", func() {
		Expect(render(minimal, "--version", "v1.29.1").err).To(MatchError(ContainSubstring("without a leading v")))
	})

	It("names the file that is not there", func() {
		Expect(run("", "render", "-f", "nowhere.yaml").err).To(MatchError(os.ErrNotExist))
	})

	It("asks for a file", func() {
		Expect(run("", "render").err).To(MatchError(ContainSubstring(`"filename" not set`)))
	})
})

var _ = It("version lists what is bundled", func() {
	printed := run("", "version")
	Expect(printed.err).NotTo(HaveOccurred())
	Expect(printed.out).To(HavePrefix("gloo-operator "))
	Expect(printed.out).To(ContainSubstring(strings.Join(istio.Versions(), ", ")))
	Expect(printed.out).To(MatchRegexp(`(?m)^gateway-api: v[0-9.]+(, v[0-9.]+)*$`))
})

var _ = It("An unknown command is an error that is not printed", func() {
	printed := run("", "reconcile")
	Expect(printed.err).To(HaveOccurred())
	Expect(printed.out + printed.errOut).To(BeEmpty())
})
