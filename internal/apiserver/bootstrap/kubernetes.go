package bootstrap

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	serviceName = "kubernetes"
	portName    = "https"
)

// announce writes the Service "kubernetes" and the endpoints that it leads to.
// It has no selector; its endpoints are nobody else's.
func (b *bootstrapper) announce(ctx context.Context) error {
	if len(b.addresses()) == 0 {
		return b.service(ctx) // a server for this machine alone
	}
	return together(ctx, b.service, b.endpoints, b.endpointSlice)
}

// FirstIP is the first address of a range behind its network address.
func FirstIP(cidr *net.IPNet) net.IP {
	ip := slices.Clone(cidr.IP)
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	}
	last := ip[len(ip)-4:]
	binary.BigEndian.PutUint32(last, binary.BigEndian.Uint32(last)+1)
	return ip
}

func (b *bootstrapper) service(ctx context.Context) error {
	ip := FirstIP(b.ServiceCIDR).String()
	want := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: serviceName,
			Labels: map[string]string{"component": "apiserver", "provider": "kubernetes"},
		},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: ip, SessionAffinity: corev1.ServiceAffinityNone,
			Ports: []corev1.ServicePort{{Name: portName, Protocol: corev1.ProtocolTCP, Port: 443, TargetPort: intstr.FromInt(b.Port)}},
		},
	}
	var refused error
	err := one(ctx, b, b.kube.CoreV1().Services(metav1.NamespaceDefault), want, func(have *corev1.Service) bool {
		if have.Spec.ClusterIP != ip {
			refused = fmt.Errorf("the Service default/kubernetes has the address %s, but %s is the first of the service range %s: "+
				"start with the range that the cluster was made with", have.Spec.ClusterIP, ip, b.ServiceCIDR)
			return false
		}
		if len(have.Spec.Ports) == 1 && have.Spec.Ports[0].TargetPort == want.Spec.Ports[0].TargetPort {
			return false
		}
		have.Spec.Ports = want.Spec.Ports
		return true
	})
	return errors.Join(err, refused)
}

func (b *bootstrapper) endpoints(ctx context.Context) error {
	want := &corev1.Endpoints{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: serviceName,
			// There is a slice already; the mirroring controller is to make none.
			Labels: map[string]string{discoveryv1.LabelSkipMirror: "true"},
		},
		Subsets: []corev1.EndpointSubset{{Ports: []corev1.EndpointPort{{Name: portName, Port: int32(b.Port), Protocol: corev1.ProtocolTCP}}}},
	}
	for _, ip := range b.addresses() {
		want.Subsets[0].Addresses = append(want.Subsets[0].Addresses, corev1.EndpointAddress{IP: ip})
	}
	return one(ctx, b, b.kube.CoreV1().Endpoints(metav1.NamespaceDefault), want, func(have *corev1.Endpoints) bool {
		if equality.Semantic.DeepEqual(have.Subsets, want.Subsets) {
			return false
		}
		have.Subsets = want.Subsets
		return true
	})
}

func (b *bootstrapper) endpointSlice(ctx context.Context) error {
	want := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: serviceName,
			Labels: map[string]string{discoveryv1.LabelServiceName: serviceName},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports: []discoveryv1.EndpointPort{{
			Name: ptr.To(portName), Port: ptr.To(int32(b.Port)), Protocol: ptr.To(corev1.ProtocolTCP),
		}},
	}
	if strings.Contains(b.addresses()[0], ":") {
		want.AddressType = discoveryv1.AddressTypeIPv6
	}
	for _, ip := range b.addresses() {
		want.Endpoints = append(want.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		})
	}
	return one(ctx, b, b.kube.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault), want, func(have *discoveryv1.EndpointSlice) bool {
		if equality.Semantic.DeepEqual(have.Endpoints, want.Endpoints) && equality.Semantic.DeepEqual(have.Ports, want.Ports) {
			return false
		}
		have.Endpoints, have.Ports = want.Endpoints, want.Ports
		return true
	})
}

// addresses are those that pods can reach, in a fixed order.
func (b *bootstrapper) addresses() []string {
	var out []string
	for _, ip := range b.Advertise {
		if !ip.IsLoopback() && !ip.IsUnspecified() {
			out = append(out, ip.String())
		}
	}
	slices.Sort(out)
	return out
}
