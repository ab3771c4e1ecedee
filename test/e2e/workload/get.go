// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// clusterCA is where a pod has the certificate of its cluster's CA.
const clusterCA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

// printAnswer prints what an address answers. It trusts whom pods trust: the cluster's CA.
func printAnswer(ctx context.Context, arguments []string, out io.Writer) error {
	if len(arguments) != 1 {
		return errors.New("get: want one address")
	}
	ca, err := os.ReadFile(clusterCA)
	if err != nil {
		return err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(ca)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	return fetch(ctx, client, http.MethodGet, arguments[0], out)
}
