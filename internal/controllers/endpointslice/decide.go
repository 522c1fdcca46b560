// Package endpointslice writes, for every Service with a selector, the
// EndpointSlices that list its pods.
//
// It reads Services, Pods and Nodes (for their zones); it owns the
// EndpointSlices that are labelled as managed by it. decide.go says what they
// should hold and how to get there with the fewest writes.
package endpointslice

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/controllers/backends"
	"skiff/internal/controllers/pods"
)

const (
	// managedBy is our value of the managed-by label.
	managedBy = "endpointslice-controller.k8s.io"
	// maxEndpoints is how many endpoints a slice holds at most.
	maxEndpoints = 100
)

var kind = corev1.SchemeGroupVersion.WithKind("Service")

// group is the endpoints that go into slices of one sort.
type group struct {
	family    discoveryv1.AddressType
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint
}

// groups sorts the Service's pods by family and by the ports they serve. zone
// tells a node's zone, "" if it has none.
func groups(s *corev1.Service, list []*corev1.Pod, zone func(node string) string) map[string]*group {
	out := map[string]*group{}
	for _, six := range backends.Families(s) {
		family := discoveryv1.AddressTypeIPv4
		if six {
			family = discoveryv1.AddressTypeIPv6
		}
		found := false
		for _, p := range list {
			addr := backends.Address(p, six)
			if !backends.Included(p) || addr == "" {
				continue
			}
			ports := slicePorts(backends.Ports(s, p))
			key := groupKey(family, ports)
			if out[key] == nil {
				out[key] = &group{family: family, ports: ports}
			}
			out[key].endpoints = append(out[key].endpoints, endpoint(s, p, addr, zone(p.Spec.NodeName)))
			found = true
		}
		if !found { // an empty slice says that the Service is known and has nothing
			out[groupKey(family, nil)] = &group{family: family}
		}
	}
	return out
}

func groupKey(family discoveryv1.AddressType, ports []discoveryv1.EndpointPort) string {
	key := string(family)
	for _, p := range ports {
		key += fmt.Sprintf("|%s,%d,%s,%s", deref(p.Name), deref(p.Port), deref(p.Protocol), deref(p.AppProtocol))
	}
	return key
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func slicePorts(ports []backends.Port) (out []discoveryv1.EndpointPort) {
	for _, p := range ports {
		ep := discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Number, Protocol: &p.Protocol}
		if p.AppProtocol != "" {
			ep.AppProtocol = &p.AppProtocol
		}
		out = append(out, ep)
	}
	return out
}

func endpoint(s *corev1.Service, p *corev1.Pod, addr, zone string) discoveryv1.Endpoint {
	serving, terminating := pods.Ready(p), p.DeletionTimestamp != nil
	ready := s.Spec.PublishNotReadyAddresses || serving && !terminating
	return discoveryv1.Endpoint{
		Addresses:  []string{addr},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
		TargetRef:  backends.Ref(p),
		NodeName:   orNil(p.Spec.NodeName),
		Zone:       orNil(zone),
		Hostname:   orNil(backends.Hostname(s, p)),
	}
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// plan is what is to be written.
type plan struct {
	create, update, remove []*discoveryv1.EndpointSlice
}

// decide compares the slices that there are with the groups that are wanted.
// An endpoint stays in its slice; new ones go where there is room, first into
// slices that are written anyway. existing are not changed.
func decide(s *corev1.Service, want map[string]*group, existing []*discoveryv1.EndpointSlice) (p plan) {
	byGroup := map[string][]*discoveryv1.EndpointSlice{}
	for _, slice := range existing {
		key := groupKey(slice.AddressType, slice.Ports)
		if want[key] == nil {
			p.remove = append(p.remove, slice)
			continue
		}
		byGroup[key] = append(byGroup[key], slice)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		p.settle(s, want[key], byGroup[key])
	}
	return p
}

// draft is a slice as it should become.
type draft struct {
	have, next *discoveryv1.EndpointSlice
	changed    bool
}

func (p *plan) settle(s *corev1.Service, g *group, existing []*discoveryv1.EndpointSlice) {
	rest := map[string]discoveryv1.Endpoint{}
	for _, e := range g.endpoints {
		rest[identity(e)] = e
	}
	var drafts []*draft
	for _, slice := range existing {
		drafts = append(drafts, redraft(s, slice, rest))
	}
	slices.SortStableFunc(drafts, func(a, b *draft) int { // changed ones, then the fullest first
		return cmp.Or(cmp.Compare(btoi(b.changed), btoi(a.changed)), cmp.Compare(len(b.next.Endpoints), len(a.next.Endpoints)))
	})
	left := slices.Sorted(maps.Keys(rest))
	for _, d := range drafts {
		n := min(max(maxEndpoints-len(d.next.Endpoints), 0), len(left))
		for _, id := range left[:n] {
			d.next.Endpoints = append(d.next.Endpoints, rest[id])
			d.changed = true
		}
		left = left[n:]
	}
	for len(left) > 0 || len(drafts) == 0 {
		n := min(maxEndpoints, len(left))
		d := &draft{next: newSlice(s, g)}
		for _, id := range left[:n] {
			d.next.Endpoints = append(d.next.Endpoints, rest[id])
		}
		left = left[n:]
		drafts = append(drafts, d)
	}
	p.take(drafts)
}

// take writes down what to do with the drafts; of empty ones, one stays when
// there is no other.
func (p *plan) take(drafts []*draft) {
	full := 0
	for _, d := range drafts {
		if len(d.next.Endpoints) > 0 {
			full++
		}
	}
	for i, d := range drafts {
		needless := len(d.next.Endpoints) == 0 && (full > 0 || i > 0)
		switch {
		case d.have == nil:
			p.create = append(p.create, d.next)
		case needless:
			p.remove = append(p.remove, d.have)
		case d.changed:
			p.update = append(p.update, d.next)
		}
	}
}

// redraft keeps in a slice the endpoints that are still wanted, as they are
// now, and takes them out of rest.
func redraft(s *corev1.Service, have *discoveryv1.EndpointSlice, rest map[string]discoveryv1.Endpoint) *draft {
	d := &draft{have: have, next: have.DeepCopy()}
	d.next.Endpoints = nil
	for _, e := range have.Endpoints {
		id := identity(e)
		wanted, ok := rest[id]
		if !ok {
			d.changed = true
			continue
		}
		delete(rest, id)
		d.changed = d.changed || !apiequality.Semantic.DeepEqual(e, wanted)
		d.next.Endpoints = append(d.next.Endpoints, wanted)
	}
	if l := sliceLabels(s); !maps.Equal(l, have.Labels) {
		d.next.Labels, d.changed = l, true
	}
	if !metav1.IsControlledBy(have, s) {
		d.next.OwnerReferences, d.changed = []metav1.OwnerReference{*metav1.NewControllerRef(s, kind)}, true
	}
	return d
}

// identity tells endpoints apart: a pod's, at an address.
func identity(e discoveryv1.Endpoint) string {
	id := e.Addresses[0]
	if e.TargetRef != nil {
		id += "/" + string(e.TargetRef.UID)
	}
	return id
}

func newSlice(s *corev1.Service, g *group) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, GenerateName: s.Name + "-", Labels: sliceLabels(s),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, kind)},
		},
		AddressType: g.family, Ports: g.ports, Endpoints: []discoveryv1.Endpoint{},
	}
}

func sliceLabels(s *corev1.Service) map[string]string {
	return backends.Labels(s, map[string]string{
		discoveryv1.LabelServiceName: s.Name, discoveryv1.LabelManagedBy: managedBy,
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
