// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const healthScript = "../../config/argocd/health.lua"

var _ = Describe("The health check for Argo CD", func() {
	It("tells each situation apart", func() {
		expectEach(map[string]string{
			"new":                    "Progressing",
			"not read":               "Progressing",
			"installing":             "Progressing",
			"complete":               "Healthy",
			"spec changed":           "Progressing",
			"upgrading":              "Progressing",
			"upgrade failed":         "Degraded",
			"rolling back":           "Progressing",
			"rolled back":            "Degraded",
			"degraded":               "Degraded",
			"contested":              "Degraded",
			"invalid":                "Degraded",
			"aborted":                "Degraded",
			"waiting for approval":   "Suspended",
			"paused":                 "Suspended",
			"paused before a change": "Suspended",
			"paused while degraded":  "Degraded",
			"held":                   "Suspended",
			"held during an upgrade": "Suspended",
			"uninstalling":           "Progressing",
			"uninstalling is held":   "Suspended",
		}, func(object *unstructured.Unstructured) string { return healthOf(object)["status"] })
	})

	It("shows the operator's message", func() {
		Expect(healthOf(examples()["complete"])).To(HaveKeyWithValue("message", "Istio 1.29.1 is complete"))
		Expect(healthOf(examples()["uninstalling is held"])).To(HaveKeyWithValue("deletionMessage", ContainSubstring("Take them out of the mesh")))
		Expect(healthOf(examples()["new"])).To(HaveKeyWithValue("message", "waiting for the operator"))
	})
})

// healthOf runs the script as Argo CD does, which opens no other libraries for a script of
// argocd-cm (util/lua/lua.go of Argo CD).
func healthOf(object *unstructured.Unstructured) map[string]string {
	GinkgoHelper()
	script, err := os.ReadFile(healthScript)
	Expect(err).NotTo(HaveOccurred())
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		Expect(state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name))).To(Succeed())
	}
	state.SetGlobal("obj", luaValue(state, object.Object))
	Expect(state.DoString(string(script))).To(Succeed())
	health, ok := state.Get(-1).(*lua.LTable)
	Expect(ok).To(BeTrue(), "the script returns a table")
	fields := map[string]string{}
	health.ForEach(func(key, value lua.LValue) { fields[key.String()] = value.String() })
	return fields
}

// luaValue is a value of JSON in Lua.
func luaValue(state *lua.LState, value any) lua.LValue {
	GinkgoHelper()
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case []any:
		list := state.NewTable()
		for _, item := range value {
			list.Append(luaValue(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range value {
			table.RawSetString(key, luaValue(state, item))
		}
		return table
	default:
		Expect(value).To(BeNil(), "no other values are in the examples")
		return lua.LNil
	}
}
