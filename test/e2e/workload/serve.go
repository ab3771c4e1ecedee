// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

// noResources is what an extension of the Kubernetes API answers that has nothing in it.
const noResources = `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"workload.test/v1","resources":[]}`

// serve answers each request with the name of the pod.
func serve(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	address := flags.String("listen", ":8080", "address to listen on")
	secure := flags.String("listen-tls", "", "address to listen on for TLS; empty: none")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	listeners, err := listen(*address, *secure)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) })
	mux.HandleFunc("/apis/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, noResources) })
	for _, listener := range listeners {
		fmt.Fprintln(out, name, "serves on", listener.Addr())
	}
	return until(ctx, &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: mux}, listeners)
}

func listen(address, secure string) ([]net.Listener, error) {
	plain, err := net.Listen("tcp", address)
	if err != nil || secure == "" {
		return []net.Listener{plain}, err
	}
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	encrypted, err := tls.Listen("tcp", secure, &tls.Config{Certificates: []tls.Certificate{certificate}})
	return []net.Listener{plain, encrypted}, err
}

// selfSigned is for callers that do not look.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// until serves until the context ends, and lets requests finish.
func until(ctx context.Context, server *http.Server, listeners []net.Listener) error {
	ended := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { ended <- server.Serve(listener) }()
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(patience)
	}
}
