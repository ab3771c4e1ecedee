// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"net"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"

	"github.com/gloo-operator/gloo-operator/internal/controller"
	"github.com/gloo-operator/gloo-operator/internal/manager"
)

// Operator is an operator that runs in the test's process.
type Operator struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// StartOperator runs an operator until Stop or the end of the node that called.
func (e *Env) StartOperator(adjust ...func(*manager.Options)) *Operator {
	GinkgoHelper()
	o := LaunchOperator(e.OperatorConfig(), adjust...)
	DeferCleanup(o.Stop)
	return o
}

// LaunchOperator runs an operator with that client until Stop. It must be of a
// ServiceAccount: an administrator would hide that a right is missing.
func LaunchOperator(config *rest.Config, adjust ...func(*manager.Options)) *Operator {
	GinkgoHelper()
	Expect(config.BearerToken).NotTo(BeEmpty(), "use OperatorConfig")
	options := manager.Options{
		Options:        controller.Options{Config: config, Log: logr.Discard(), Namespace: OperatorNamespace, InstallNamespaces: []string{Namespace}},
		MetricsAddress: "0", ProbeAddress: "0", Concurrent: true,
	}
	for _, a := range adjust {
		a(&options)
	}
	inContext := options.Log
	if inContext.GetSink() == nil { // Keeps client-go quiet, which takes the zero logger for none.
		inContext = funcr.New(func(string, string) {}, funcr.Options{})
	}
	ctx, cancel := context.WithCancel(logr.NewContext(context.Background(), inContext))
	o := &Operator{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.err = manager.Run(ctx, options)
	}()
	return o
}

// FreeAddress is an address of this machine that nothing listens on.
func FreeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}

// Running recognizes an operator that has not ended.
func (o *Operator) Running() bool {
	select {
	case <-o.done:
		return false
	default:
		return true
	}
}

// Stop lets the operator end as SIGTERM does.
func (o *Operator) Stop() {
	GinkgoHelper()
	o.Kill()
	Expect(o.err).NotTo(HaveOccurred())
}

// Cancel stops the operator, as SIGTERM does, and does not wait for it.
func (o *Operator) Cancel() { o.cancel() }

// Kill ends the operator whatever it answers.
func (o *Operator) Kill() {
	GinkgoHelper()
	o.cancel()
	Eventually(o.done).Should(BeClosed())
}
