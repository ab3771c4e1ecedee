// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:embed cilium.yaml
var ciliumManifest []byte

// createCilium creates the objects by which programs recognize Cilium and its settings. On
// simulated nodes its pods turn Ready like any others.
func (c *Cluster) createCilium(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	settings, agent := &corev1.ConfigMap{}, &appsv1.DaemonSet{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(ciliumManifest), len(ciliumManifest))
	for _, object := range []any{settings, agent} {
		if err := decoder.Decode(object); err != nil {
			return fmt.Errorf("reading Cilium's manifest: %w", err)
		}
	}
	if _, err := client.CoreV1().ConfigMaps(settings.Namespace).Create(ctx, settings, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating Cilium's settings: %w", err)
	}
	if _, err := client.AppsV1().DaemonSets(agent.Namespace).Create(ctx, agent, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating Cilium's agent: %w", err)
	}
	return nil
}
