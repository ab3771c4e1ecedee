{{- /* Labels by which pods are selected, which never change. */ -}}
{{- define "gloo-operator.selector" -}}
app.kubernetes.io/name: gloo-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gloo-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "gloo-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "gloo-operator.image" -}}
{{- with .Values.manager.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* A variable's value: true and 3 become strings, and large numbers no exponents. */ -}}
{{- define "gloo-operator.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{- define "gloo-operator.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
{{- end }}

{{- /* No fixed ids: OpenShift's restricted-v2 refuses those outside of the namespace's range. The
user is the image's, a number that is not root's, or the one that OpenShift chooses. */ -}}
{{- define "gloo-operator.podSecurity" -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* Whether the operator may make an install namespace and its rights in it: where the API server
has the policies that limit this. Empty: it may not. */ -}}
{{- define "gloo-operator.restoresNamespaces" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}true{{ end }}
{{- end }}

{{- /* The operator may label namespaces where a policy can limit what it changes of them. */ -}}
{{- define "gloo-operator.labelsNamespaces" -}}
{{- if and .Values.rbac.labelNamespaces (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) }}true{{ end }}
{{- end }}

{{- /* The TCP ports to which the operator may connect, as a JSON list: those of egressPorts and the
one of defaultRepository. */ -}}
{{- define "gloo-operator.egressPorts" -}}
{{- $ports := list }}
{{- range .Values.networkPolicy.egressPorts }}{{ $ports = append $ports (int .) }}{{ end }}
{{- with .Values.defaultRepository }}
{{- $port := regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default "443" }}
{{- $ports = append $ports (int $port) }}
{{- end }}
{{- uniq $ports | toJson }}
{{- end }}
