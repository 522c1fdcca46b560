package services

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/store"
)

// Storage is where objects lie: *store.Store.
type Storage interface {
	Table(*api.Resource) store.Table
}

// Config says what may be given.
type Config struct {
	// CIDRs say which families of addresses the cluster has, its own first:
	// one range of each. The addresses themselves come from ServiceCIDRs.
	CIDRs []netip.Prefix
	// The node ports, first to last; zero: 30000 to 32767.
	FirstNodePort, LastNodePort int
}

// Allocator implements the API server's Allocator for Services.
type Allocator struct {
	storage  Storage
	families []corev1.IPFamily
	ports    *portTable
	metrics  *metrics
	repair   *repairs
	began    int64 // the revision of the store when this allocator was made
}

// New makes an allocator, and brings what is taken up to what the stored
// Services hold: no address of theirs may be given away before Run finds it.
func New(ctx context.Context, storage Storage, c Config) (*Allocator, error) {
	if len(c.CIDRs) == 0 || len(c.CIDRs) > 2 {
		return nil, fmt.Errorf("services need one range of addresses, or one of each family, not %d", len(c.CIDRs))
	}
	if c.FirstNodePort == 0 {
		c.FirstNodePort, c.LastNodePort = 30000, 32767
	}
	a := &Allocator{storage: storage, ports: newPortTable(storage.Table(rangeAllocations), c.FirstNodePort, c.LastNodePort)}
	for _, p := range c.CIDRs {
		a.families = append(a.families, familyOf(p.Addr()))
	}
	if len(a.families) == 2 && a.families[0] == a.families[1] {
		return nil, fmt.Errorf("the two ranges of Service addresses, %s and %s, are of the same family", c.CIDRs[0], c.CIDRs[1])
	}
	a.metrics = newMetrics(a)
	a.repair = newRepairs(a)
	if err := a.adopt(ctx); err != nil {
		return nil, fmt.Errorf("cannot take what Services hold: %w", err)
	}
	return a, nil
}

// change is what one write takes and what it gives back.
type change struct {
	a                     *Allocator
	owner                 types.NamespacedName
	tookIPs, leavesIPs    []netip.Addr
	tookPorts, leavePorts []int
}

// Begin implements the API server's Allocator.
func (a *Allocator) Begin(ctx context.Context, obj, old api.Object, dryRun bool) (func(stored bool), error) {
	now, _ := obj.(*corev1.Service)
	before, _ := old.(*corev1.Service)
	c := &change{a: a}
	if now != nil {
		c.owner = nameOf(now)
		if err := a.allocate(ctx, c, now, before, dryRun); err != nil {
			c.finish(ctx, false)
			return nil, err
		}
	}
	if before != nil {
		c.owner = nameOf(before)
		c.leave(now, before)
	}
	if dryRun {
		return func(bool) {}, nil
	}
	return func(stored bool) { c.finish(ctx, stored) }, nil
}

// releaseTime is how long giving back may take. It is done even if the client
// has gone.
const releaseTime = 10 * time.Second

// finish settles the change, by whether the write happened. What cannot be
// given back now, Run will find.
func (c *change) finish(ctx context.Context, stored bool) {
	ips, ports := c.tookIPs, c.tookPorts
	if stored {
		ips, ports = c.leavesIPs, c.leavePorts
	}
	if len(ips) == 0 && len(ports) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	for _, addr := range ips {
		if err := c.a.release(ctx, addr, c.owner); err != nil {
			slog.Warn("an address is not given back yet; it will be tried again", "address", addr, "service", c.owner, "error", err)
			c.a.repair.later(addr.String())
		}
	}
	if err := c.a.ports.release(ctx, ports); err != nil {
		slog.Warn("node ports are not given back yet; it will be tried again", "ports", ports, "service", c.owner, "error", err)
	}
}

func (a *Allocator) allocate(ctx context.Context, c *change, now, before *corev1.Service, dryRun bool) error {
	if needsClusterIP(now) && len(now.Spec.ClusterIPs) == 0 && now.Spec.ClusterIP != "" {
		now.Spec.ClusterIPs = []string{now.Spec.ClusterIP}
	}
	if errs := settleFamilies(now, before, a.families); len(errs) > 0 {
		return invalid(now, errs...)
	}
	if err := a.clusterIPs(ctx, c, now, before, dryRun); err != nil {
		return err
	}
	return a.nodePorts(ctx, c, now, before, dryRun)
}

func invalid(s *corev1.Service, errs ...*field.Error) error {
	return apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, s.Name, errs)
}

// clusterIPs takes the addresses that s asks for, and any for the others of
// its families.
func (a *Allocator) clusterIPs(ctx context.Context, c *change, s, before *corev1.Service, dryRun bool) error {
	if !needsClusterIP(s) {
		return nil
	}
	if headless(s) {
		s.Spec.ClusterIPs = []string{corev1.ClusterIPNone}
		return nil
	}
	if needsClusterIP(before) && headless(before) {
		return nil // if an address has come, the kind refuses it
	}
	held := min(len(clusterIPs(before)), len(s.Spec.ClusterIPs))
	for i, family := range s.Spec.IPFamilies {
		if i < held {
			continue // if it has changed, the kind refuses it
		}
		if i < len(s.Spec.ClusterIPs) && s.Spec.ClusterIPs[i] != "" {
			if err := a.clusterIP(ctx, c, s, i, dryRun); err != nil {
				return err
			}
			continue
		}
		addr, err := a.anyAddress(ctx, family, c.owner, dryRun)
		if a.metrics.allocated(addr, "dynamic", dryRun, err); err != nil {
			return apierrors.NewInternalError(fmt.Errorf("failed to allocate a serviceIP: %w", err))
		}
		c.tookIPs = append(c.tookIPs, addrUnless(dryRun, addr)...)
		s.Spec.ClusterIPs = append(s.Spec.ClusterIPs[:i:i], addr.String())
	}
	s.Spec.ClusterIP = s.Spec.ClusterIPs[0]
	return nil
}

// clusterIP takes an address that s names.
func (a *Allocator) clusterIP(ctx context.Context, c *change, s *corev1.Service, i int, dryRun bool) error {
	text := s.Spec.ClusterIPs[i]
	addr, err := parseIP(text)
	if err == nil {
		err = a.takeAddress(ctx, addr, c.owner, dryRun)
		a.metrics.allocated(addr, "static", dryRun, err)
	}
	if err != nil {
		return invalid(s, field.Invalid(field.NewPath("spec", "clusterIPs"), s.Spec.ClusterIPs, fmt.Sprintf("failed to allocate IP %s: %v", text, err)))
	}
	c.tookIPs = append(c.tookIPs, addrUnless(dryRun, addr)...)
	return nil
}

func addrUnless(dryRun bool, addr netip.Addr) []netip.Addr {
	if dryRun {
		return nil
	}
	return []netip.Addr{addr}
}

// nodePorts takes the node ports that s asks for, and any for the others, all
// in one write.
func (a *Allocator) nodePorts(ctx context.Context, c *change, s, before *corev1.Service, dryRun bool) error {
	if !takesNodePorts(s) || hasPorts(s, before) {
		return nil
	}
	var plan *portPlan
	try := func(set *portSet) error {
		p, refused := planPorts(set, s, before)
		if refused != nil {
			return refused
		}
		plan = p
		if dryRun {
			set.changed = false
		}
		return nil
	}
	err := a.ports.change(ctx, try)
	a.metrics.portsAllocated(s, plan, dryRun, err)
	var refused *field.Error
	switch {
	case errors.As(err, &refused) && refused.Type == field.ErrorTypeInternal:
		return apierrors.NewInternalError(errors.New(refused.Detail))
	case errors.As(err, &refused):
		return invalid(s, refused)
	case err != nil:
		return err
	}
	plan.apply(s)
	if !dryRun {
		c.tookPorts = plan.took
	}
	return nil
}

// leave notes what the old Service held and the new one, if any, does not.
func (c *change) leave(now, before *corev1.Service) {
	for _, text := range clusterIPs(before) {
		if addr, err := parseIP(text); err == nil && (now == nil || !holds(now, addr)) {
			c.leavesIPs = append(c.leavesIPs, addr)
		}
	}
	kept := map[int]bool{}
	for _, port := range nodePorts(now) {
		kept[port] = true
	}
	for _, port := range nodePorts(before) {
		if !kept[port] {
			c.leavePorts = append(c.leavePorts, port)
		}
	}
}
