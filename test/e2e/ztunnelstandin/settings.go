// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// settings are ztunnel's, from the environment variables that its chart sets and the
// defaults that it has itself.
type settings struct {
	caAddress, xdsAddress string
	// caName and xdsName are the names in istiod's certificate, where those are not the
	// addresses' hosts.
	caName, xdsName string
	// rootCertificate and token are files, and agentSocket is the node agent's.
	rootCertificate, token, agentSocket string
	trustDomain, clusterID, network     string
	pod, namespace, serviceAccount      string
	node, address                       string
	// listen and admin are the addresses of the ports for readiness and administration. The
	// real one has no such settings.
	listen, admin string
	// resolver is a file with nameservers.
	resolver    string
	gracePeriod string
	// secretTTL is the lifetime of certificates that is asked for, as text and as a duration. The
	// CA may give less.
	secretTTL string
	lifetime  time.Duration
	// drain is the longest time from SIGTERM until connections are closed.
	drain time.Duration
}

// reserve is the part of the grace period that is left to end after connections are closed.
const reserve = 5 * time.Second

// settingsOf reads them. It fails where one is missing that has no default.
func settingsOf(lookup func(string) (string, bool)) (settings, error) {
	var s settings
	var missing []string
	for name, into := range s.required() {
		value, ok := lookup(name)
		if *into = value; !ok || value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return s, fmt.Errorf("environment variables %s are not set: the chart ztunnel does", strings.Join(missing, ", "))
	}
	for _, one := range s.optional() {
		*one.into = one.value
		if value, ok := lookup(one.name); ok && value != "" {
			*one.into = value
		}
	}
	seconds, err := strconv.Atoi(s.gracePeriod)
	if err != nil {
		return s, fmt.Errorf("TERMINATION_GRACE_PERIOD_SECONDS: %w", err)
	}
	s.drain = max(0, time.Duration(seconds)*time.Second-reserve)
	if s.lifetime, err = time.ParseDuration(s.secretTTL); err != nil {
		return s, fmt.Errorf("SECRET_TTL: %w", err)
	}
	return s, nil
}

func (s *settings) required() map[string]*string {
	return map[string]*string{
		"CA_ADDRESS": &s.caAddress, "XDS_ADDRESS": &s.xdsAddress, "POD_NAME": &s.pod, "POD_NAMESPACE": &s.namespace,
		"NODE_NAME": &s.node, "INSTANCE_IP": &s.address, "SERVICE_ACCOUNT": &s.serviceAccount,
	}
}

// setting is one with a default.
type setting struct {
	name, value string
	into        *string
}

func (s *settings) optional() []setting {
	return []setting{
		{"ALT_CA_HOSTNAME", "", &s.caName},
		{"ALT_XDS_HOSTNAME", "", &s.xdsName},
		{"CA_ROOT_CA", "/var/run/secrets/istio/root-cert.pem", &s.rootCertificate},
		{"STANDIN_TOKEN", "/var/run/secrets/tokens/istio-token", &s.token},
		{"INPOD_UDS", "/var/run/ztunnel/ztunnel.sock", &s.agentSocket},
		{"TRUST_DOMAIN", "cluster.local", &s.trustDomain},
		{"ISTIO_META_CLUSTER_ID", "Kubernetes", &s.clusterID},
		{"NETWORK", "", &s.network},
		{"STANDIN_LISTEN", ":15021", &s.listen},
		{"STANDIN_ADMIN", "127.0.0.1:15000", &s.admin},
		{"STANDIN_RESOLVER", "/etc/resolv.conf", &s.resolver},
		{"SECRET_TTL", "24h", &s.secretTTL},
		{"TERMINATION_GRACE_PERIOD_SECONDS", "30", &s.gracePeriod},
	}
}

// identity is the stand-in's own.
func (s settings) identity() string { return s.identityOf(s.namespace, s.serviceAccount) }

// identityOf is a workload's, in the form of SPIFFE that Istio uses:
// https://istio.io/latest/docs/concepts/security/#istio-identity.
func (s settings) identityOf(namespace, serviceAccount string) string {
	return "spiffe://" + s.trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount
}
