// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Probe is how the operator runs probes: see spec.probe.
type Probe struct {
	// Namespace of the probes. Empty: the operator may not run any.
	Namespace string
	// Image has the program of the probe: it is the operator's own.
	Image string
	// PullSecrets are the Secrets in Namespace that the image is pulled with.
	PullSecrets []string
	// Version of the operator.
	Version string
}

// The names of the probe's objects.
const (
	// ProbeName is the name of the DaemonSet that runs a probe on each node, of its Service,
	// ServiceAccount and policies.
	ProbeName = "gloo-operator-probe"
	// ProbePartnerName is the name of the DaemonSet with the second probe of a single node.
	ProbePartnerName = "gloo-operator-probe-partner"
	// ProbeNamespace is the default namespace of the probes.
	ProbeNamespace = "gloo-operator-probe"
)

// The ports of a probe: internal/probe.
const (
	probePort       = 8080
	probeResultPort = 8082
)

// The defaults of spec.probe.
const (
	probeInterval = 30 * time.Second
	probeTimeout  = 3 * time.Second
)

const appNameLabel = "app.kubernetes.io/name"

// ProbeSelector selects the pods of the probes.
const ProbeSelector = appNameLabel + "=" + ProbeName

// ProbeEnabled reports whether spec asks for probes.
func ProbeEnabled(spec v1.ServiceMeshControllerSpec) bool {
	return spec.Probe != nil && spec.Probe.Enabled && spec.DataplaneMode != v1.Sidecar
}

// addProbe adds the probe after the components that it is about.
func (b *Builder) addProbe(plan *Plan, input Input) error {
	if !wanted(v1.ComponentProbe, input.Spec) || input.Probe.Namespace == "" {
		return nil
	}
	at, err := placementOf(plan)
	if err != nil {
		return err
	}
	component := Component{Name: v1.ComponentProbe, Version: input.Probe.Version, Unawaited: !input.Spec.Probe.Required}
	key := digest([]any{input.Owner, input.Probe, input.Spec.Probe, input.Facts.SingleNode, at})
	component, err = b.components.get(component.Name, key, func() (Component, error) {
		return finish(component, probeObjects(input, at), input)
	})
	plan.Components = append(plan.Components, component)
	return err
}

// placement is on which nodes pods run.
type placement struct {
	NodeSelector tree  `json:"nodeSelector,omitempty"`
	Affinity     tree  `json:"affinity,omitempty"`
	Tolerations  []any `json:"tolerations,omitempty"`
}

// placementOf returns where the plan has ztunnel run.
func placementOf(plan *Plan) (placement, error) {
	for _, o := range plan.Objects() {
		if o.GVK != object.DaemonSet.GVK || o.Name != "ztunnel" {
			continue
		}
		var daemonSet struct {
			Spec struct{ Template struct{ Spec placement } }
		}
		if err := json.Unmarshal(o.Body, &daemonSet); err != nil {
			return placement{}, fmt.Errorf("decoding %s: %w", o.Key(), err)
		}
		return daemonSet.Spec.Template.Spec, nil
	}
	return placement{}, nil
}

func probeObjects(input Input, at placement) []*unstructured.Unstructured {
	selected := tree{appNameLabel: ProbeName}
	objects := []*unstructured.Unstructured{
		probeObject("v1", "ServiceAccount", ProbeName, input, tree{"automountServiceAccountToken": false}),
		probeObject("v1", "Service", ProbeName, input, tree{"spec": tree{
			"clusterIP": "None", "selector": selected,
			// A probe is ready once its traffic is proven, and that needs the address of another one.
			"publishNotReadyAddresses": true,
			"ports":                    []any{tree{"name": "tcp-probe", "port": int64(probePort)}},
		}}),
		probeObject("security.istio.io/v1", "AuthorizationPolicy", ProbeName, input, tree{"spec": tree{
			"selector": tree{"matchLabels": selected}, "action": "ALLOW", "rules": []any{
				tree{
					"from": []any{tree{"source": tree{"principals": []any{"*/ns/" + input.Probe.Namespace + "/sa/" + ProbeName}}}},
					"to":   []any{toPort(probePort)},
				},
				tree{"to": []any{toPort(probeResultPort)}},
			},
		}}),
		// The kubelet and the operator, which are not in the mesh, ask for the result.
		probeObject("security.istio.io/v1", "PeerAuthentication", ProbeName, input, tree{"spec": tree{
			"selector": tree{"matchLabels": selected}, "mtls": tree{"mode": "STRICT"},
			"portLevelMtls": tree{strconv.Itoa(probeResultPort): tree{"mode": "PERMISSIVE"}},
		}}),
		probeDaemonSet(ProbeName, input, at),
	}
	if input.Facts.SingleNode { // A probe needs another one, and the traffic of a pod with itself is not redirected.
		objects = append(objects, probeDaemonSet(ProbePartnerName, input, at))
	}
	return objects
}

func toPort(port int) tree { return tree{"operation": tree{"ports": []any{strconv.Itoa(port)}}} }

func probeObject(apiVersion, kind, name string, input Input, content tree) *unstructured.Unstructured {
	made := tree{"apiVersion": apiVersion, "kind": kind, "metadata": tree{
		"name": name, "namespace": input.Probe.Namespace, "labels": tree{appNameLabel: ProbeName},
	}}
	for key, value := range content {
		made[key] = value
	}
	return &unstructured.Unstructured{Object: made}
}

func probeDaemonSet(name string, input Input, at placement) *unstructured.Unstructured {
	const instance = "app.kubernetes.io/component"
	return probeObject("apps/v1", "DaemonSet", name, input, tree{"spec": tree{
		"selector":       tree{"matchLabels": tree{appNameLabel: ProbeName, instance: name}},
		"updateStrategy": tree{"type": "RollingUpdate", "rollingUpdate": tree{"maxUnavailable": "10%"}},
		"template": tree{
			"metadata": tree{"labels": tree{
				appNameLabel: ProbeName, instance: name,
				v1.ComponentLabel: v1.ComponentProbe, v1.DataplaneModeLabel: v1.DataplaneModeAmbient,
			}},
			"spec": probePod(input, at),
		},
	}})
}

func probePod(input Input, at placement) tree {
	pod := tree{
		"serviceAccountName": ProbeName, "automountServiceAccountToken": false, "enableServiceLinks": false,
		"terminationGracePeriodSeconds": int64(5),
		"securityContext":               tree{"runAsNonRoot": true, "seccompProfile": tree{"type": "RuntimeDefault"}},
		"containers":                    []any{probeContainer(input)},
	}
	if at.NodeSelector != nil {
		pod["nodeSelector"] = at.NodeSelector
	}
	if at.Affinity != nil {
		pod["affinity"] = at.Affinity
	}
	if at.Tolerations != nil {
		pod["tolerations"] = at.Tolerations
	}
	var secrets []any
	for _, name := range input.Probe.PullSecrets {
		secrets = append(secrets, tree{"name": name})
	}
	if secrets != nil {
		pod["imagePullSecrets"] = secrets
	}
	return pod
}

func probeContainer(input Input) tree {
	return tree{
		"name": "probe", "image": input.Probe.Image, "command": []any{"/gloo-operator-probe"},
		"args": []any{
			fmt.Sprintf("--peers=%s.%s.svc", ProbeName, input.Probe.Namespace),
			"--interval=" + ProbeInterval(input.Spec).String(),
			"--timeout=" + ProbeTimeout(input.Spec).String(),
		},
		"env":   []any{fieldVariable("POD_IP", "status.podIP"), fieldVariable("NODE_NAME", "spec.nodeName")},
		"ports": []any{tree{"name": "tcp-probe", "containerPort": int64(probePort)}, tree{"name": "result", "containerPort": int64(probeResultPort)}},
		"readinessProbe": tree{
			"httpGet": tree{"path": "/readyz", "port": int64(probeResultPort)}, "periodSeconds": int64(5), "timeoutSeconds": int64(2), "failureThreshold": int64(2),
		},
		"livenessProbe": tree{
			"httpGet": tree{"path": "/livez", "port": int64(probeResultPort)}, "periodSeconds": int64(30), "timeoutSeconds": int64(5),
		},
		"resources": tree{"requests": tree{"cpu": "5m", "memory": "16Mi"}, "limits": tree{"memory": "64Mi"}},
		"securityContext": tree{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": tree{"drop": []any{"ALL"}},
		},
	}
}

func fieldVariable(name, path string) tree {
	return tree{"name": name, "valueFrom": tree{"fieldRef": tree{"fieldPath": path}}}
}

// ProbeInterval is the time between two rounds of a probe, with its default.
func ProbeInterval(spec v1.ServiceMeshControllerSpec) time.Duration {
	return durationOr(spec.Probe.Interval, probeInterval)
}

// ProbeTimeout is how long a probe waits for an answer, with its default.
func ProbeTimeout(spec v1.ServiceMeshControllerSpec) time.Duration {
	return durationOr(spec.Probe.Timeout, probeTimeout)
}

// durationOr is a duration of spec, or its default.
func durationOr(given *metav1.Duration, otherwise time.Duration) time.Duration {
	if given == nil {
		return otherwise
	}
	return cmp.Or(given.Duration, otherwise)
}
