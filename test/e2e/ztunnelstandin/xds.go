// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log/slog"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
)

// subscribed are the types that a ztunnel subscribes to, all resources of each:
// architecture/ambient/ztunnel.md in istio.io/istio.
var subscribed = []string{mesh.AddressType, mesh.AuthorizationType}

// discovery is istiod's service of addresses and policies.
type discovery struct {
	settings
	state *state
	mesh  *mesh.Mesh
	log   *slog.Logger
}

type stream = grpc.BidiStreamingClient[discoveryv3.DeltaDiscoveryRequest, discoveryv3.DeltaDiscoveryResponse]

// follow subscribes, and takes and acknowledges what istiod sends until the stream ends.
func (d discovery) follow(ctx context.Context) error {
	defer d.state.setConnected("xds", false)
	return d.stream(ctx, func(opened stream) error {
		for {
			response, err := opened.Recv()
			if err != nil {
				return err
			}
			d.state.setConnected("xds", true)
			if err := d.take(opened, response); err != nil {
				return err
			}
		}
	})
}

// stream lends a stream, on which all is subscribed to, over a connection of its own.
func (d discovery) stream(ctx context.Context, use func(stream) error) error {
	connection, err := d.connect(d.xdsAddress, d.xdsName)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened, err := discoveryv3.NewAggregatedDiscoveryServiceClient(connection).DeltaAggregatedResources(ctx)
	if err != nil {
		return err
	}
	if err := d.subscribe(opened); err != nil {
		return err
	}
	return use(opened)
}

// subscribe asks for all of each type, and says what it has from an earlier stream: istiod
// answers with what is not so any more.
func (d discovery) subscribe(to stream) error {
	node, err := d.node()
	if err != nil {
		return err
	}
	for _, typeURL := range subscribed {
		have := map[string]string{}
		for _, name := range d.state.names(typeURL) {
			have[name] = ""
		}
		request := &discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: typeURL, InitialResourceVersions: have}
		if err := to.Send(request); err != nil {
			return err
		}
	}
	return nil
}

// take takes a response and acknowledges it.
func (d discovery) take(from stream, response *discoveryv3.DeltaDiscoveryResponse) error {
	var names []string
	for _, resource := range response.GetResources() {
		names = append(names, resource.GetName())
	}
	if err := d.mesh.Update(response.GetTypeUrl(), response.GetResources(), response.GetRemovedResources()); err != nil {
		return err
	}
	d.state.update(response.GetTypeUrl(), names, response.GetRemovedResources())
	d.log.Info("xDS", "type", short(response.GetTypeUrl()), "added", len(names), "removed", len(response.GetRemovedResources()))
	return from.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: response.GetTypeUrl(), ResponseNonce: response.GetNonce()})
}

// node says who subscribes, in the form that istiod parses: pkg/model.ParseMetadata and
// pilot/pkg/model.ParseServiceNodeWithMetadata in istio.io/istio.
func (d discovery) node() (*core.Node, error) {
	metadata, err := structpb.NewStruct(map[string]any{
		"NAME": d.pod, "NAMESPACE": d.namespace, "NODE_NAME": d.settings.node, "INSTANCE_IPS": d.address,
		"SERVICE_ACCOUNT": d.serviceAccount, "CLUSTER_ID": d.clusterID, "NETWORK": d.network,
	})
	id := "ztunnel~" + d.address + "~" + d.pod + "." + d.namespace + "~" + d.namespace + ".svc.cluster.local"
	return &core.Node{Id: id, Metadata: metadata}, err
}
