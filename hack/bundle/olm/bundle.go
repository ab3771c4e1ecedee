// SPDX-License-Identifier: Apache-2.0

// Package olm makes the operator's bundle for the Operator Lifecycle Manager (OLM) from the
// chart. The same chart makes the same files.
package olm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

const (
	// Dockerfile builds the image of the bundle, in the directory that contains it.
	Dockerfile = "bundle.Dockerfile"
	// Prerequisites is what OLM cannot create, for kubectl apply. It is not in the image.
	Prerequisites = "prerequisites.yaml"
	// CSVFile is the ClusterServiceVersion.
	CSVFile = manifestsDir + "gloo-operator.clusterserviceversion.yaml"

	manifestsDir    = "bundle/manifests/"
	annotationsFile = "bundle/metadata/annotations.yaml"
)

// Source is what a bundle is made from.
type Source struct {
	// Chart has the version of the bundle.
	Chart *chart.Chart
	// Icon is an SVG.
	Icon []byte
	// Created is the time of the commit.
	Created time.Time
}

// bundledKinds are the kinds that the chart has and that OLM creates from files beside the
// ClusterServiceVersion. Older versions of OLM reject a bundle with any other kind.
var bundledKinds = []string{"CustomResourceDefinition", "ClusterRole", "Role", "RoleBinding", "Service", "PodDisruptionBudget"}

// parts are the objects of the chart by who creates them.
type parts struct {
	// install are those that become a part of the ClusterServiceVersion.
	install []*unstructured.Unstructured
	// bundled are files of the bundle.
	bundled []*unstructured.Unstructured
	// prerequisites are created by the cluster's administrator.
	prerequisites []*unstructured.Unstructured
}

// Files are the files of the bundle and its prerequisites, by name.
func Files(s Source) (map[string][]byte, error) {
	objects, err := manifest.ObjectsFor(s.Chart, manifest.WithoutPolicies)
	if err != nil {
		return nil, err
	}
	divided := divide(objects)
	version, err := s.clusterServiceVersion(divided)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{Dockerfile: []byte(s.dockerfile())}
	for name, object := range map[string]any{CSVFile: version, annotationsFile: map[string]any{"annotations": s.annotations()}} {
		if files[name], err = yaml.Marshal(object); err != nil {
			return nil, err
		}
	}
	for _, object := range divided.bundled {
		name := manifestsDir + object.GetName() + "." + strings.ToLower(object.GetKind()) + ".yaml"
		if files[name] != nil {
			return nil, fmt.Errorf("two objects have the file %s", name)
		}
		if files[name], err = yaml.Marshal(object.Object); err != nil {
			return nil, err
		}
	}
	files[Prerequisites], err = manifest.Encode(divided.prerequisites)
	return files, err
}

// divide decides who creates each object. OLM creates namespaced objects in the namespace of the
// operator only, and the ServiceAccount from the permissions of the ClusterServiceVersion.
func divide(objects []*unstructured.Unstructured) parts {
	bound := boundRoles(objects)
	var divided parts
	for _, object := range objects {
		namespace := object.GetNamespace()
		inCSV := slices.Contains([]string{"Deployment", "ServiceAccount", "ClusterRoleBinding"}, object.GetKind()) ||
			object.GetKind() == "ClusterRole" && slices.Contains(bound, object.GetName())
		switch {
		case inCSV:
			divided.install = append(divided.install, object)
		case slices.Contains(bundledKinds, object.GetKind()) && (namespace == "" || namespace == manifest.Namespace):
			object.SetNamespace("")
			divided.bundled = append(divided.bundled, object)
		default:
			divided.prerequisites = append(divided.prerequisites, object)
		}
	}
	return divided
}

// boundRoles are the names of the ClusterRoles that a ClusterRoleBinding refers to.
func boundRoles(objects []*unstructured.Unstructured) []string {
	var names []string
	for _, object := range objects {
		if object.GetKind() == "ClusterRoleBinding" {
			name, _, _ := unstructured.NestedString(object.Object, "roleRef", "name")
			names = append(names, name)
		}
	}
	return names
}

// only is the only object of a kind.
func only(objects []*unstructured.Unstructured, kind string) (*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == kind {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("the chart renders %d objects of kind %s, want 1", len(found), kind)
	}
	return found[0], nil
}

// channel is the one for users who do not choose: a version before a release has another.
func (s Source) channel() string {
	if strings.Contains(s.Chart.Metadata.Version, "-") {
		return "candidate"
	}
	return "stable"
}

// annotations say what the image of the bundle contains.
func (s Source) annotations() map[string]string {
	const prefix = "operators.operatorframework.io.bundle."
	return map[string]string{
		prefix + "mediatype.v1": "registry+v1", prefix + "manifests.v1": "manifests/", prefix + "metadata.v1": "metadata/",
		prefix + "package.v1": s.Chart.Name(), prefix + "channels.v1": s.channel(), prefix + "channel.default.v1": s.channel(),
	}
}

// dockerfile copies the files into an image with the annotations as labels.
func (s Source) dockerfile() string {
	var labels []string
	for name, value := range s.annotations() {
		labels = append(labels, fmt.Sprintf("LABEL %s=%s\n", name, value))
	}
	slices.Sort(labels)
	return "FROM scratch\n" + strings.Join(labels, "") + "COPY bundle/manifests /manifests/\nCOPY bundle/metadata /metadata/\n"
}

// errNoExample means that the chart has lost what Artifact Hub and OLM show.
var errNoExample = errors.New("the chart's annotations have no CRD and no example: run make generate")
