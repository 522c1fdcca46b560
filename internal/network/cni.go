package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	current "github.com/containernetworking/cni/pkg/types/100"
)

var defaultRoute = net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}

// CNI's error codes that are used here.
const (
	codeInvalidEnvironment = 4
	codeInvalidConfig      = 7
	codeFailed             = 999
)

// plugin carries out CNI requests.
type plugin struct {
	cfg       Config
	addresses *addresses
	links     podLinks
	rules     rules

	ports sync.Mutex // held while the rules are read off the records and written
}

// answer carries out one request of the forwarder and returns what it prints,
// behind its exit code.
func (p *plugin) answer(data []byte) []byte {
	output, err := p.dispatch(data)
	if err == nil {
		return append([]byte("0"), output...)
	}
	code := uint(codeFailed)
	if c := (codedError{}); errors.As(err, &c) {
		code = c.code
	}
	slog.Error("network of a pod", "error", err)
	return append([]byte("1"), failure(code, err)...)
}

func (p *plugin) dispatch(data []byte) ([]byte, error) {
	r, err := parseRequest(data)
	if err != nil {
		return nil, codedError{codeInvalidConfig, err}
	}
	if r.Command == "VERSION" {
		return versionAnswer()
	}
	if r.Command == "STATUS" || r.Command == "GC" {
		return nil, nil
	}
	if r.ContainerID == "" || r.IfName == "" {
		return nil, codedError{codeInvalidEnvironment, errors.New("CNI_CONTAINERID or CNI_IFNAME is not set")}
	}
	switch r.Command {
	case "ADD":
		result, err := p.add(r)
		if err != nil {
			return nil, fmt.Errorf("connecting pod %s: %w", r.Pod, err)
		}
		return encode(result, r.Version)
	case "DEL":
		return nil, p.del(r)
	case "CHECK":
		return nil, p.check(r)
	}
	return nil, codedError{codeInvalidEnvironment, fmt.Errorf("CNI_COMMAND %q is unknown", r.Command)}
}

// add connects a sandbox. A second ADD for the same link makes it anew: the
// first was cut short before it could answer.
func (p *plugin) add(r request) (*current.Result, error) {
	if err := p.del(r); err != nil {
		return nil, err
	}
	record, err := p.addresses.take(podRecord{
		ContainerID: r.ContainerID, IfName: r.IfName, Netns: r.Netns, Pod: r.Pod, Ports: hostPorts(r.Ports),
	})
	if err != nil {
		return nil, err
	}
	hostMAC, podMAC, err := p.links.connect(record)
	if err == nil && len(record.Ports) > 0 {
		err = p.syncPorts()
	}
	if err != nil {
		return nil, errors.Join(err, p.drop(record))
	}
	return resultOf(p.cfg, record, p.links.gateway, hostMAC, podMAC), nil
}

// hostPorts leaves out the container ports that ask for no port of the node.
func hostPorts(mappings []portMapping) []portMapping {
	var ports []portMapping
	for _, m := range mappings {
		if m.HostPort != 0 {
			m.Protocol = strings.ToUpper(m.Protocol)
			ports = append(ports, m)
		}
	}
	return ports
}

// del disconnects a sandbox; it may be gone already, or never have been there.
func (p *plugin) del(r request) error {
	var errs []error
	for _, record := range p.addresses.of(r.ContainerID, r.IfName) {
		errs = append(errs, p.drop(record))
	}
	return errors.Join(errs...)
}

// drop takes away all that one record stands for, the record last.
func (p *plugin) drop(record podRecord) error {
	if err := p.links.disconnect(record.IP); err != nil {
		return err
	}
	if err := p.addresses.release(record.IP); err != nil {
		return err
	}
	if len(record.Ports) == 0 {
		return nil
	}
	return p.syncPorts()
}

func (p *plugin) check(r request) error {
	if len(p.addresses.of(r.ContainerID, r.IfName)) == 0 {
		return fmt.Errorf("the sandbox %s has no address here", r.ContainerID)
	}
	return nil
}

// syncPorts makes the rules those of the records.
func (p *plugin) syncPorts() error {
	p.ports.Lock()
	defer p.ports.Unlock()
	return p.rules.apply(p.addresses.where(func(r podRecord) bool { return len(r.Ports) > 0 }))
}

// keepRules writes the rules anew when somebody else has changed them, until
// ctx ends.
func (p *plugin) keepRules(ctx context.Context) {
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.rules.watch.Changed():
			slog.Warn("another program changed the rules of the pod network; writing them anew", "table", p.rules.name)
		case <-retry:
		}
		retry = nil
		if err := p.syncPorts(); err != nil {
			slog.Error("the rules of the pod network", "error", err, "retry", rulesRetry)
			retry = time.After(rulesRetry)
		}
	}
}

// rulesRetry is the pause after rules could not be written.
const rulesRetry = 5 * time.Second

// collect gives back what pods left that ended while skiff was not there:
// records without a namespace, and links without a record.
func (p *plugin) collect() error {
	keep := map[string]bool{p.cfg.tunnelLink(): true}
	var errs []error
	for _, record := range p.addresses.all() {
		if namespaceGone(record.Netns) {
			errs = append(errs, p.links.disconnect(record.IP), p.addresses.release(record.IP))
		} else {
			keep[p.cfg.podLink(record.IP)] = true
		}
	}
	return errors.Join(append(errs, deleteLinks(p.cfg, keep), p.syncPorts())...)
}

// codedError is an error with one of CNI's codes.
type codedError struct {
	code uint
	err  error
}

func (e codedError) Error() string { return e.err.Error() }
func (e codedError) Unwrap() error { return e.err }
