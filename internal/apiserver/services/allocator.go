// Package services gives Services their cluster addresses and node ports, each
// at most once in the cluster.
//
// What is taken is known from the stored Services alone; an Allocator reads
// them when it starts and then sees every write, because the API server asks
// it before each one. It takes what a new object needs before the write, gives
// it back when the write fails, and gives back what an old object held once
// the write has happened. It stores nothing.
package services

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// Config says what may be given.
type Config struct {
	CIDR *net.IPNet // of cluster addresses, 10.96.0.0/16
	// The node ports, first to last; zero: 30000 to 32767.
	FirstNodePort, LastNodePort int
}

// Allocator implements the API server's Allocator for Services.
type Allocator struct {
	cidr      netip.Prefix
	firstPort int
	lastPort  int

	mu    sync.Mutex
	ips   *pool // by distance from the range's first address
	ports *pool // by distance from the first port
}

// New makes an allocator that knows what the stored Services hold.
func New(ctx context.Context, reader api.Reader, c Config) (*Allocator, error) {
	a, err := newAllocator(c)
	if err != nil {
		return nil, err
	}
	list, err := reader.List(ctx, core.Service, "")
	if err != nil {
		return nil, fmt.Errorf("cannot read what Services hold: %w", err)
	}
	for _, obj := range list {
		if s, ok := obj.(*corev1.Service); ok {
			a.adopt(s)
		}
	}
	return a, nil
}

func newAllocator(c Config) (*Allocator, error) {
	ones, bits := c.CIDR.Mask.Size()
	addr, ok := netip.AddrFromSlice(c.CIDR.IP)
	if !ok || bits-ones < 2 {
		return nil, fmt.Errorf("the service range %s is too small", c.CIDR)
	}
	if c.FirstNodePort == 0 {
		c.FirstNodePort, c.LastNodePort = 30000, 32767
	}
	// Of a range larger than 2^20 the first part is used.
	size := 1 << min(bits-ones, 20)
	if bits == 32 && bits-ones <= 20 {
		size-- // the last address is the broadcast address
	}
	ports := c.LastNodePort - c.FirstNodePort + 1
	a := &Allocator{
		cidr: netip.PrefixFrom(addr.Unmap(), ones), firstPort: c.FirstNodePort, lastPort: c.LastNodePort,
		ips:   newPool(size, band(size, 16, 16, 256)),
		ports: newPool(ports, band(ports, 32, 16, 128)),
	}
	a.ips.take(0) // the range's own address
	return a, nil
}

// adopt marks what a stored Service holds. Two Services that hold the same are
// a fault of earlier times, which both may keep.
func (a *Allocator) adopt(s *corev1.Service) {
	for _, ip := range clusterIPs(s) {
		if n, err := a.offset(ip); err == nil {
			a.ips.take(n)
		}
	}
	for _, port := range nodePorts(s) {
		if port >= a.firstPort && port <= a.lastPort {
			a.ports.take(port - a.firstPort)
		}
	}
}

// offset is an address's distance from the first of the range.
func (a *Allocator) offset(ip string) (int, error) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return 0, fmt.Errorf("%q is not an IP address", ip)
	}
	addr = addr.Unmap()
	n := distance(a.cidr.Addr(), addr)
	if !a.cidr.Contains(addr) || n == 0 || n >= a.ips.size {
		return 0, fmt.Errorf("the provided IP (%s) is not in the valid range. The range of valid IPs is %s", ip, a.cidr)
	}
	return n, nil
}

// distance counts from one address to another of the same range, whose sizes
// we keep well below 2^32.
func distance(from, to netip.Addr) int {
	a, b := from.As16(), to.As16()
	if [12]byte(a[:12]) != [12]byte(b[:12]) {
		return math.MaxInt32
	}
	return int(binary.BigEndian.Uint32(b[12:])) - int(binary.BigEndian.Uint32(a[12:]))
}

func (a *Allocator) address(n int) string {
	raw := a.cidr.Addr().As16()
	binary.BigEndian.PutUint32(raw[12:], binary.BigEndian.Uint32(raw[12:])+uint32(n))
	return netip.AddrFrom16(raw).Unmap().String()
}

// change is what one write takes and what it gives back.
type change struct {
	a                     *Allocator
	tookIPs, tookPorts    []int
	leavesIPs, leavePorts []int
}

// finish settles the change, by whether the write happened.
func (c *change) finish(stored bool) {
	ips, ports := c.tookIPs, c.tookPorts
	if stored {
		ips, ports = c.leavesIPs, c.leavePorts
	}
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	for _, n := range ips {
		c.a.ips.release(n)
	}
	for _, n := range ports {
		c.a.ports.release(n)
	}
}

// Begin implements the API server's Allocator.
func (a *Allocator) Begin(_ context.Context, obj, old api.Object) (func(stored bool), error) {
	now, _ := obj.(*corev1.Service)
	before, _ := old.(*corev1.Service)
	c := &change{a: a}
	if now != nil {
		if before != nil {
			inherit(now, before)
		}
		if err := a.allocate(c, now, before); err != nil {
			c.finish(false)
			return nil, err
		}
	}
	if before != nil {
		a.leave(c, now, before)
	}
	return c.finish, nil
}

func (a *Allocator) allocate(c *change, now, before *corev1.Service) error {
	var errs field.ErrorList
	if err := families(now, a.cidr.Addr().Is6()); err != nil {
		errs = append(errs, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.clusterIP(c, now, before); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, a.nodePorts(c, now, before)...)
	if len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, now.Name, errs)
	}
	return nil
}

// clusterIP takes the address that s asks for, or any.
func (a *Allocator) clusterIP(c *change, s, before *corev1.Service) *field.Error {
	if !needsClusterIP(s) || s.Spec.ClusterIP == corev1.ClusterIPNone {
		if s.Spec.ClusterIP == corev1.ClusterIPNone {
			s.Spec.ClusterIPs = []string{corev1.ClusterIPNone}
		}
		return nil
	}
	if s.Spec.ClusterIP == "" && len(s.Spec.ClusterIPs) > 0 {
		s.Spec.ClusterIP = s.Spec.ClusterIPs[0]
	}
	path := field.NewPath("spec", "clusterIPs")
	switch asked := s.Spec.ClusterIP; {
	case asked == "":
		n, err := a.ips.any()
		if err != nil {
			return field.InternalError(path, fmt.Errorf("failed to allocate a serviceIP: %w", err))
		}
		c.tookIPs = append(c.tookIPs, n)
		s.Spec.ClusterIP = a.address(n)
	case before != nil && needsClusterIP(before) && before.Spec.ClusterIP == asked:
	default:
		n, err := a.offset(asked)
		if err == nil && !a.ips.take(n) {
			err = errors.New("provided IP is already allocated")
		}
		if err != nil {
			return field.Invalid(path, []string{asked}, fmt.Sprintf("failed to allocate IP %s: %v", asked, err))
		}
		c.tookIPs = append(c.tookIPs, n)
	}
	s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	return nil
}

// nodePorts takes the node ports that s asks for, and any for the others. One
// port may serve several protocols of one Service.
func (a *Allocator) nodePorts(c *change, s, before *corev1.Service) (errs field.ErrorList) {
	if !needsNodePorts(s) {
		return a.healthCheckPort(c, s, before)
	}
	mine := map[int]bool{}
	for _, port := range nodePorts(before) {
		mine[port] = true
	}
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		if port.NodePort == 0 {
			continue
		}
		if err := a.takePort(c, int(port.NodePort), mine); err != nil {
			errs = append(errs, field.Invalid(field.NewPath("spec", "ports").Index(i).Child("nodePort"), port.NodePort, err.Error()))
		}
	}
	for i := range s.Spec.Ports {
		if len(errs) > 0 || s.Spec.Ports[i].NodePort != 0 {
			continue
		}
		n, err := a.ports.any()
		if err != nil {
			return append(errs, field.InternalError(field.NewPath("spec", "ports").Index(i).Child("nodePort"),
				fmt.Errorf("failed to allocate a nodePort: %w", err)))
		}
		c.tookPorts = append(c.tookPorts, n)
		s.Spec.Ports[i].NodePort = int32(a.firstPort + n)
	}
	return append(errs, a.healthCheckPort(c, s, before)...)
}

// takePort takes a port that is asked for; mine are those that the Service has
// already.
func (a *Allocator) takePort(c *change, port int, mine map[int]bool) error {
	if mine[port] {
		return nil
	}
	if port < a.firstPort || port > a.lastPort {
		return fmt.Errorf("provided port is not in the valid range. The range of valid ports is %d-%d", a.firstPort, a.lastPort)
	}
	if !a.ports.take(port - a.firstPort) {
		return errors.New("provided port is already allocated")
	}
	c.tookPorts = append(c.tookPorts, port-a.firstPort)
	mine[port] = true
	return nil
}

// healthCheckPort is where a load balancer asks a node whether it has
// endpoints of its own.
func (a *Allocator) healthCheckPort(c *change, s, before *corev1.Service) field.ErrorList {
	if !needsHealthCheckPort(s) {
		return nil
	}
	path := field.NewPath("spec", "healthCheckNodePort")
	if s.Spec.HealthCheckNodePort == 0 {
		n, err := a.ports.any()
		if err != nil {
			return field.ErrorList{field.InternalError(path, fmt.Errorf("failed to allocate a nodePort: %w", err))}
		}
		c.tookPorts = append(c.tookPorts, n)
		s.Spec.HealthCheckNodePort = int32(a.firstPort + n)
		return nil
	}
	mine := map[int]bool{}
	if before != nil {
		mine[int(before.Spec.HealthCheckNodePort)] = true
	}
	if err := a.takePort(c, int(s.Spec.HealthCheckNodePort), mine); err != nil {
		return field.ErrorList{field.Invalid(path, s.Spec.HealthCheckNodePort, err.Error())}
	}
	return nil
}

// leave notes what the old Service held and the new one, if any, does not.
func (a *Allocator) leave(c *change, now, before *corev1.Service) {
	keptIPs, keptPorts := map[string]bool{}, map[int]bool{}
	for _, ip := range clusterIPs(now) {
		keptIPs[ip] = true
	}
	for _, port := range nodePorts(now) {
		keptPorts[port] = true
	}
	for _, ip := range clusterIPs(before) {
		if n, err := a.offset(ip); err == nil && !keptIPs[ip] {
			c.leavesIPs = append(c.leavesIPs, n)
		}
	}
	for _, port := range nodePorts(before) {
		if port >= a.firstPort && port <= a.lastPort && !keptPorts[port] {
			c.leavePorts = append(c.leavePorts, port-a.firstPort)
		}
	}
}
