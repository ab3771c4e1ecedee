// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"

	"istio.io/istio/pkg/zdsapi"
)

// pods are those that one connection to the node agent has announced.
type pods struct {
	agent
	ctx  context.Context
	held map[string]held
}

// held is what a pod keeps: its network namespace stays as long as it is open.
type held struct {
	descriptor int
	identity   string
}

// next takes one message and acknowledges it: with an error where it cannot be done, which
// the agent reports and tries again.
func (p pods) next(from *net.UnixConn) error {
	request, descriptor, err := receive(from)
	if err != nil {
		return err
	}
	ack := new(zdsapi.Ack)
	if err := p.take(request, descriptor); err != nil {
		p.log.Warn("refusing a pod", "error", err.Error())
		ack.Error = err.Error()
	}
	return send(from, &zdsapi.WorkloadResponse{Payload: &zdsapi.WorkloadResponse_Ack{Ack: ack}})
}

func (p pods) take(request *zdsapi.WorkloadRequest, descriptor int) error {
	switch payload := request.GetPayload().(type) {
	case *zdsapi.WorkloadRequest_Add:
		return p.add(payload.Add, descriptor)
	case *zdsapi.WorkloadRequest_Del:
		p.log.Info("ZDS: a pod is gone", "uid", payload.Del.GetUid())
		p.drop(payload.Del.GetUid())
	case *zdsapi.WorkloadRequest_SnapshotSent:
		p.log.Info("ZDS: all pods of the node are known", "pods", len(p.held))
		p.state.happened(snapshot)
	}
	closeDescriptor(descriptor)
	return nil
}

// add takes a pod, and asks for its certificate without waiting for it.
func (p pods) add(added *zdsapi.AddWorkload, descriptor int) error {
	namespace, err := networkNamespace(descriptor)
	if err != nil {
		closeDescriptor(descriptor)
		return err
	}
	p.drop(added.GetUid())
	info := added.GetWorkloadInfo()
	w := Workload{
		Name: info.GetName(), Namespace: info.GetNamespace(), ServiceAccount: info.GetServiceAccount(),
		Identity: p.identityOf(info.GetNamespace(), info.GetServiceAccount()), NetworkNamespace: namespace,
	}
	p.held[added.GetUid()] = held{descriptor: descriptor, identity: w.Identity}
	p.state.setWorkload(added.GetUid(), w)
	p.certificates.want(p.ctx, w.Identity)
	p.log.Info("ZDS: a pod", "uid", added.GetUid(), "name", w.Name, "namespace", w.Namespace, "identity", w.Identity)
	return nil
}

func (p pods) drop(uid string) {
	one, ok := p.held[uid]
	if !ok {
		return
	}
	delete(p.held, uid)
	closeDescriptor(one.descriptor)
	p.state.dropWorkload(uid)
	p.certificates.drop(one.identity)
}

func (p pods) clear() {
	for uid := range p.held {
		p.drop(uid)
	}
}
