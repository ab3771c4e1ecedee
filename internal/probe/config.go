// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// Ports are those of a probe, and the one of ztunnel in each pod's network namespace.
type Ports struct {
	// Traffic is where a probe answers other probes, which policies let in.
	Traffic uint16
	// Forbidden is where it answers, too, but where policies let nobody in.
	Forbidden uint16
	// Status is where it says what it knows, to anybody.
	Status uint16
	// Ztunnel is where ztunnel accepts mutual TLS.
	Ztunnel uint16
}

// DefaultPorts are those of the pods.
var DefaultPorts = Ports{Traffic: 8080, Forbidden: 8081, Status: 8082, Ztunnel: 15008}

const (
	minInterval = time.Second
	maxInterval = time.Hour
)

// nodeName is a name of a node: it comes from other pods, and is in messages.
var nodeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// Clock tells the time, and waits.
type Clock struct {
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
}

// Config is what a probe runs with.
type Config struct {
	// Node is the name of the probe's node, Address the one of its pod.
	Node    string
	Address netip.Addr
	// Peers is the DNS name whose addresses are those of all probes.
	Peers string
	// Interval is the time from the start of a round to the next, Timeout that of a request.
	Interval, Timeout time.Duration

	// The others are fixed, but in tests.
	Ports Ports
	// Listen is the address to listen on, all of the pod's if it is empty.
	Listen  string
	Clock   Clock
	Log     *slog.Logger
	Random  func(n int) int
	Resolve func(ctx context.Context, network, name string) ([]netip.Addr, error)
	network network
}

// Parse reads the command line and the environment of a probe. Its error is for the one who
// wrote these; flag.ErrHelp says that help was asked for, and is printed.
func Parse(arguments []string, environment func(string) string, log io.Writer) (Config, error) {
	c := Config{Ports: DefaultPorts, Clock: Clock{Now: time.Now, After: time.After}, Random: rand.IntN, Node: environment("NODE_NAME")}
	c.Log = slog.New(slog.NewJSONHandler(log, nil))
	c.Resolve = (&net.Resolver{PreferGo: true}).LookupNetIP
	flags := flag.NewFlagSet("gloo-operator-probe", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.Peers, "peers", "", "DNS name of the headless Service of all probes")
	flags.DurationVar(&c.Interval, "interval", 30*time.Second, "time from the start of a round to the next")
	flags.DurationVar(&c.Timeout, "timeout", 3*time.Second, "time that a request may take")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(log)
			flags.Usage()
		}
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: there are only flags", flags.Arg(0))
	}
	var err error
	if c.Address, err = netip.ParseAddr(environment("POD_IP")); err != nil {
		return c, fmt.Errorf("environment variable POD_IP: %w", err)
	}
	c.Address = c.Address.Unmap()
	return c, c.validate()
}

func (c Config) validate() error {
	switch {
	case strings.Trim(c.Peers, ".") == "":
		return errors.New("--peers is required: the DNS name of the headless Service of all probes")
	case c.Interval < minInterval || c.Interval > maxInterval:
		return fmt.Errorf("--interval=%s is not between %s and %s", c.Interval, minInterval, maxInterval)
	case c.Timeout <= 0 || c.Timeout >= c.Interval:
		return fmt.Errorf("--timeout=%s is not between 0 and --interval=%s", c.Timeout, c.Interval)
	case !nodeName.MatchString(c.Node):
		return fmt.Errorf("environment variable NODE_NAME: %q is not the name of a node", limited(c.Node, maxCause))
	}
	return nil
}
