// SPDX-License-Identifier: Apache-2.0

package invalidinput

import (
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// extension is a text of the extensions ConfigMap for istiod.
func extension(name, text, message string) Case {
	return Case{
		Name: "in the ConfigMap " + name, Extensions: map[string]string{"values.istiod": text},
		Reason: v1.ReasonInvalidExtensions, Message: message,
	}
}

// bomb is a text of nine lines that stands for a billion values.
func bomb() string {
	var out strings.Builder
	out.WriteString("a: &a [x, x, x, x, x, x, x, x, x]\n")
	for level := 'b'; level <= 'i'; level++ {
		alias := "*" + string(level-1)
		out.WriteString(string(level) + ": &" + string(level) + " [" + strings.Repeat(alias+", ", 8) + alias + "]\n")
	}
	return out.String()
}

// extensions are contents of the extensions ConfigMap.
var extensions = []Case{
	extension("invalid YAML", "a: 1\nb: ["+Marker+"\n", "key values.istiod: yaml: line 2"),
	extension("a tab", "pilot:\n\tenv: "+Marker+"\n", "key values.istiod: yaml: line 2"),
	extension("a list", "- "+Marker+"\n", "not a map of Helm values"),
	extension("a text", Marker, "not a map of Helm values"),
	extension("a key twice", "pilot: {}\npilot: {env: {A: "+Marker+"}}\n", `key "pilot" already set`),
	extension("a value of the wrong kind", "meshConfig: {}\npilot:\n  env: "+Marker+"\n", "key values.istiod, line 3: pilot.env must be a map, not a string"),
	extension("aliases without end", bomb(), "more than 5000 values"),
	extension("an alias of itself", "a: &a [*a]\n", "key values.istiod: "),
	extension("an unknown alias", "a: *"+Marker+"\n", "a string that begins with * must be quoted"),
	extension("a key that is a list", "? ["+Marker+"]\n: b\n", "key values.istiod: "),
	extension("a NUL byte", "a: \"b\u0000"+Marker+"\"\n", "key values.istiod: yaml: control characters"),
	extension("an escaped control character", `a: "b\a`+Marker+`"`, "a contains control characters"),
	extension("a text of the wrong type", "a: !!int "+Marker+"\n", "key values.istiod: "),
	extension("lists without end", "a: "+strings.Repeat("[", 20_000), "key values.istiod: "),
	extension("300 KiB", "a: "+strings.Repeat("x", 300<<10), "are too large, the limit is"),
	extension("a million values", "a: ["+strings.Repeat("1,", 100_000)+"1]", "more than 5000 values"),
	{
		Name: "in the ConfigMap a binary file", Binary: map[string][]byte{"values.ztunnel": {0xff, 0xfe, 0x00, 0x01}},
		Reason: v1.ReasonInvalidExtensions, Message: "key values.ztunnel: ",
	},
	{
		Name: "in the ConfigMap a reserved value", Extensions: map[string]string{"values.istiod": "revision: " + Marker},
		Reason: v1.ReasonReservedValue, Message: "gloo-extensions-config values.istiod: pilot.revision cannot be set",
	},
	{
		Name: "in the ConfigMap an object that cannot be", Extensions: map[string]string{"values.ztunnel": "resources: {requests: {cpu: " + Marker + "}}"},
		Reason: v1.ReasonObjectRefused, Message: ztunnel,
	},
}
