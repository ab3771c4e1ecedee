// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

var errEnded = errors.New("it ended by itself")

// component says how a process is started and how it is known to be ready.
type component struct {
	args  func(*Cluster) []string
	probe func(*Cluster) func(context.Context) error
}

var components = map[string]component{
	Etcd:              {args: (*Cluster).etcdArgs, probe: (*Cluster).etcdProbe},
	APIServer:         {args: (*Cluster).apiServerArgs, probe: (*Cluster).apiServerProbe},
	ControllerManager: {args: (*Cluster).controllerArgs, probe: (*Cluster).controllerProbe},
	Scheduler:         {args: (*Cluster).schedulerArgs, probe: (*Cluster).schedulerProbe},
	Kwok:              {args: (*Cluster).kwokArgs, probe: (*Cluster).kwokProbe},
	Forwarder:         {args: (*Cluster).forwarderArgs, probe: (*Cluster).forwarderProbe},
	CoreDNS:           {args: (*Cluster).dnsArgs, probe: (*Cluster).dnsProbe},
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// etcdArgs leave out fsync: the state need not survive the machine, only the process.
func (c *Cluster) etcdArgs() []string {
	client, peer := "http://"+loopback(c.state.Ports.Etcd), "http://"+loopback(c.state.Ports.Peer)
	return []string{
		"--name=etcd", "--data-dir=" + c.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=etcd=" + peer,
	}
}

// apiServerArgs: the audit log is written before a request is answered, and never rotated, so
// that a count taken after an answer is exact.
func (c *Cluster) apiServerArgs() []string {
	args := append(c.servingArgs(c.state.Ports.API), c.advertiseArgs()...)
	args = append(args,
		"--etcd-servers=http://"+loopback(c.state.Ports.Etcd),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--client-ca-file="+c.path("pki", "ca.crt"),
		"--authorization-mode=Node,RBAC", "--allow-privileged=true",
		"--service-account-key-file="+c.path("pki", "service-accounts.key"),
		"--service-account-signing-key-file="+c.path("pki", "service-accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--profiling=false",
	)
	if c.state.Audit {
		args = append(args, "--audit-policy-file="+c.path("audit-policy.yaml"),
			"--audit-log-path="+c.path("audit.log"), "--audit-log-mode=blocking",
			"--audit-log-maxsize="+strconv.Itoa(1<<20))
	}
	return append(args, c.state.APIServerArgs...)
}

// advertiseArgs: the API server may not name a loopback address as its endpoint, so there is none
// without real nodes.
func (c *Cluster) advertiseArgs() []string {
	if c.state.RealNodes == 0 {
		return []string{"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"}
	}
	return []string{
		"--bind-address=0.0.0.0", "--advertise-address=" + c.nodes()[0].IP(),
		"--kubelet-preferred-address-types=InternalIP",
	}
}

// controllerArgs make controllers fast, and the node monitor patient if nodes are simulated: kwok's
// nodes are quiet, and stay Ready while kwok is stopped.
func (c *Cluster) controllerArgs() []string {
	args := append(c.controlPlaneArgs(controllerName, c.state.Ports.Controller),
		"--use-service-account-credentials",
		"--service-account-private-key-file="+c.path("pki", "service-accounts.key"),
		"--root-ca-file="+c.path("pki", "ca.crt"),
		"--endpointslice-updates-batch-period=0s", "--concurrent-serviceaccount-token-syncs=10",
	)
	if c.state.Simulates {
		args = append(args, "--node-monitor-grace-period=24h", "--node-startup-grace-period=24h")
	}
	for _, controller := range []string{"deployment", "replicaset", "daemonset", "namespace", "gc", "service-endpoint"} {
		args = append(args, "--concurrent-"+controller+"-syncs=20")
	}
	return args
}

func (c *Cluster) schedulerArgs() []string {
	return c.controlPlaneArgs(schedulerName, c.state.Ports.Scheduler)
}

// controlPlaneArgs are common to the controller manager and the scheduler.
func (c *Cluster) controlPlaneArgs(user string, port int) []string {
	return append(c.servingArgs(port),
		"--kubeconfig="+c.userKubeconfig(user), "--leader-elect=false",
		"--kube-api-qps=2000", "--kube-api-burst=4000", "--profiling=false")
}

func (c *Cluster) servingArgs(port int) []string {
	return []string{
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + c.path("pki", "serving.crt"),
		"--tls-private-key-file=" + c.path("pki", "serving.key"),
	}
}

func (c *Cluster) kwokArgs() []string {
	return []string{
		"--kubeconfig=" + c.userKubeconfig(kwokName), "--config=" + c.path("kwok.yaml"),
	}
}

func (c *Cluster) etcdProbe() func(context.Context) error {
	return c.get("http://"+loopback(c.state.Ports.Etcd)+"/health", credentials{})
}

func (c *Cluster) apiServerProbe() func(context.Context) error {
	return c.get(c.server()+"/readyz", c.admin)
}

func (c *Cluster) controllerProbe() func(context.Context) error {
	return c.get("https://"+loopback(c.state.Ports.Controller)+"/healthz", c.admin)
}

func (c *Cluster) schedulerProbe() func(context.Context) error {
	return c.get("https://"+loopback(c.state.Ports.Scheduler)+"/readyz", c.admin)
}

// kwokProbe: kwok reads its stages when it starts and then all pods there are, so nothing that
// happens after its start can be missed.
func (c *Cluster) kwokProbe() func(context.Context) error {
	return func(context.Context) error {
		if len(find(c.dir, Kwok)) == 0 {
			return errEnded
		}
		return nil
	}
}

// get makes a probe of the control plane.
func (c *Cluster) get(address string, creds credentials) func(context.Context) error {
	return get(address, creds, c.dial)
}

// get makes a probe that succeeds when the address answers with 200.
func get(address string, creds credentials, dial dialer) func(context.Context) error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		TLSClientConfig: creds.tls(), DisableKeepAlives: true, DialContext: dial,
	}}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		request.Header.Set("User-Agent", UserAgent)
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", address, response.Status)
		}
		return nil
	}
}

func (c credentials) tls() *tls.Config {
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(c.ca)
	if cert, err := tls.X509KeyPair(c.client.cert, c.client.key); err == nil {
		config.Certificates = []tls.Certificate{cert}
	}
	return config
}
