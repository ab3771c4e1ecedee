// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// errPortTaken marks the failure of a process whose port was gone when it wanted it.
var errPortTaken = errors.New("a port was taken in the meantime")

// ports are where the processes of a cluster listen, all on loopback.
type ports struct {
	Etcd       int `json:"etcd"`
	Peer       int `json:"peer"`
	API        int `json:"api"`
	Controller int `json:"controller"`
	Scheduler  int `json:"scheduler"`
}

// The range lies below the one from which Linux takes ports for outgoing connections, so only
// another server can take one of ours while a process is being restarted.
const firstPort, lastPort = 20000, 32000

// freePorts holds all listeners until the last one is found, so that no port comes twice.
func freePorts() (ports, error) {
	var p ports
	for _, port := range []*int{&p.Etcd, &p.Peer, &p.API, &p.Controller, &p.Scheduler} {
		listener, err := listenAnywhere()
		if err != nil {
			return p, err
		}
		defer listener.Close()
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

func listenAnywhere() (net.Listener, error) {
	var last error
	for range 200 {
		listener, err := net.Listen("tcp", loopback(firstPort+rand.IntN(lastPort-firstPort)))
		if err == nil {
			return listener, nil
		}
		last = err
	}
	return nil, fmt.Errorf("no free port between %d and %d: %w", firstPort, lastPort, last)
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
