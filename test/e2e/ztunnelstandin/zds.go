// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"
	"istio.io/istio/pkg/zdsapi"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/proxy"
)

// agent is the node agent, a container of the DaemonSet istio-cni-node. It announces the
// pods of the node over a socket: pkg/zdsapi/zds.proto in istio.io/istio.
type agent struct {
	settings
	state        *state
	certificates *keeper
	proxy        *proxy.Proxy
	log          *slog.Logger
}

// largestMessage is what the agent sends at most, with space to spare: a name, a namespace
// and a service account of at most 253 characters each, and a UID.
const largestMessage = 4096

// follow takes pods until the connection ends. A new connection begins with a snapshot, and
// until it is complete, pods are served that were known before.
func (p *pods) follow(ctx context.Context) error {
	connection, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: p.agentSocket, Net: "unixpacket"})
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	defer stop()
	defer func() { _ = connection.Close() }()
	if err := send(connection, &zdsapi.ZdsHello{Version: zdsapi.Version_V1}); err != nil {
		return err
	}
	p.state.setConnected("zds", true)
	defer p.state.setConnected("zds", false)
	p.confirmed = map[string]bool{}
	for {
		if err := p.next(connection); err != nil {
			return err
		}
	}
}

func send(to *net.UnixConn, message proto.Message) error {
	encoded, err := proto.Marshal(message)
	if err == nil {
		_, err = to.Write(encoded)
	}
	return err
}

// receive reads one message, and the file descriptor that came with it, or -1.
func receive(from *net.UnixConn) (*zdsapi.WorkloadRequest, int, error) {
	content, control := make([]byte, largestMessage), make([]byte, unix.CmsgSpace(4))
	n, controlled, flags, _, err := from.ReadMsgUnix(content, control)
	if err != nil {
		return nil, -1, err
	}
	descriptor, err := descriptorIn(control[:controlled])
	if err != nil {
		return nil, -1, err
	}
	request := new(zdsapi.WorkloadRequest)
	switch {
	case n == 0 && controlled == 0:
		err = errors.New("the node agent has closed the connection")
	case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0:
		err = errors.New("the node agent's message is larger than expected")
	default:
		err = proto.Unmarshal(content[:n], request)
	}
	if err != nil {
		closeDescriptor(descriptor)
		return nil, -1, err
	}
	return request, descriptor, nil
}

// descriptorIn finds the file descriptor in a message's ancillary data.
func descriptorIn(control []byte) (int, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) == 0 {
		return -1, err
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) == 0 {
		return -1, err
	}
	return descriptors[0], nil
}

func closeDescriptor(descriptor int) {
	if descriptor >= 0 {
		_ = unix.Close(descriptor) // of a namespace, which is not written to
	}
}

// networkNamespace is the inode of the one that is open there.
func networkNamespace(descriptor int) (uint64, error) {
	if descriptor < 0 {
		return 0, errors.New("no network namespace came with the pod")
	}
	if kind, err := unix.IoctlRetInt(descriptor, unix.NS_GET_NSTYPE); err != nil || kind != unix.CLONE_NEWNET {
		return 0, fmt.Errorf("what came with the pod is no network namespace: %d, %w", kind, err)
	}
	var info unix.Stat_t
	err := unix.Fstat(descriptor, &info)
	return info.Ino, err
}
