// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"istio.io/istio/pkg/zdsapi"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/proxy"
)

// pods are those that the node agent has announced. They are served, whether the agent is
// connected or not.
type pods struct {
	agent
	// ctx ends the renewal of certificates.
	ctx  context.Context
	held map[string]held
	// confirmed are those of the present connection, by UID.
	confirmed map[string]bool
}

// held is what a pod keeps: its network namespace stays as long as it is open.
type held struct {
	descriptor int
	workload   Workload
	server     *proxy.Server
}

// next takes one message and acknowledges it: with an error where it cannot be done, which
// the agent reports and tries again.
func (p *pods) next(from *net.UnixConn) error {
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

func (p *pods) take(request *zdsapi.WorkloadRequest, descriptor int) error {
	switch payload := request.GetPayload().(type) {
	case *zdsapi.WorkloadRequest_Add:
		return p.add(payload.Add, descriptor)
	case *zdsapi.WorkloadRequest_Keep:
		p.confirmed[payload.Keep.GetUid()] = true
	case *zdsapi.WorkloadRequest_Del:
		p.log.Info("ZDS: a pod is gone", "uid", payload.Del.GetUid())
		p.drop(payload.Del.GetUid())
	case *zdsapi.WorkloadRequest_SnapshotSent:
		p.dropUnconfirmed()
		p.log.Info("ZDS: all pods of the node are known", "pods", len(p.held))
		p.state.happened(snapshot)
	}
	closeDescriptor(descriptor)
	return nil
}

// add takes a pod, serves it, and asks for its certificate without waiting for it. A pod
// that it knows with the same network namespace goes on as it is.
func (p *pods) add(added *zdsapi.AddWorkload, descriptor int) error {
	namespace, err := networkNamespace(descriptor)
	if err != nil {
		closeDescriptor(descriptor)
		return err
	}
	uid, info := added.GetUid(), added.GetWorkloadInfo()
	p.confirmed[uid] = true
	w := Workload{
		Name: info.GetName(), Namespace: info.GetNamespace(), ServiceAccount: info.GetServiceAccount(),
		Identity: p.identityOf(info.GetNamespace(), info.GetServiceAccount()), NetworkNamespace: namespace,
	}
	if p.held[uid].workload == w {
		closeDescriptor(descriptor)
		return nil
	}
	p.drop(uid)
	server, err := p.proxy.Serve(proxy.Pod{Name: w.Name, Namespace: w.Namespace, Identity: w.Identity, NetworkNamespace: descriptor})
	if err != nil {
		closeDescriptor(descriptor)
		return fmt.Errorf("serving %s/%s: %w", w.Namespace, w.Name, err)
	}
	p.held[uid] = held{descriptor: descriptor, workload: w, server: server}
	p.state.setWorkload(uid, w)
	p.certificates.want(p.ctx, w.Identity)
	p.log.Info("ZDS: a pod", "uid", uid, "name", w.Name, "namespace", w.Namespace, "identity", w.Identity)
	return nil
}

// drop ends the pod's connections.
func (p *pods) drop(uid string) {
	one, ok := p.held[uid]
	if !ok {
		return
	}
	delete(p.held, uid)
	one.close()
	p.state.dropWorkload(uid)
	p.certificates.drop(one.workload.Identity)
}

func (p *pods) dropUnconfirmed() {
	for uid := range p.held {
		if !p.confirmed[uid] {
			p.drop(uid)
		}
	}
}

func (h held) close() {
	h.server.Close()
	closeDescriptor(h.descriptor)
}

// drain accepts no new connections, and returns when the open ones have ended, after the
// limit at the latest.
func (p *pods) drain(limit time.Duration) {
	for _, one := range p.held {
		one.server.Drain()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, one := range p.held {
			one.server.Wait()
		}
	}()
	select {
	case <-ended:
		p.log.Info("all connections have ended")
	case <-time.After(limit):
		p.log.Warn("closing the connections that are still open")
	}
	var closing sync.WaitGroup
	for _, one := range p.held {
		closing.Go(one.close)
	}
	closing.Wait()
}
