package builtin_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/apiserver/builtin"
	"skiff/internal/pki"
)

// A cluster that was made with one family starts again with two. Its Services
// stay as they are until somebody asks for more.
func TestDualStackIsTurnedOnLater(t *testing.T) {
	ctx := t.Context()
	keys := must[*pki.PKI](t)(pki.Open(t.TempDir()))
	four, six := netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("fd00:96::/112")
	server := apitest.Start(t, func(c *apiserver.Config) {
		must[*builtin.Background](t)(builtin.Add(ctx, c, builtin.Options{PKI: keys, ServiceCIDRs: []netip.Prefix{four, six}}))
	})
	options := bootstrap.Options{
		ServiceCIDR: network(four), Advertise: []net.IP{net.IPv4(192, 0, 2, 1)}, Port: 6443, ServerURL: "https://192.0.2.1:6443", CA: keys.CA.PEM,
	}
	if err := bootstrap.Run(ctx, server.Admin(), options); err != nil {
		t.Fatal(err)
	}
	kube := must[*kubernetes.Clientset](t)(kubernetes.NewForConfig(server.Admin()))
	services := kube.CoreV1().Services("default")
	old := must[*corev1.Service](t)(services.Create(ctx, service("old", corev1.ServiceTypeClusterIP), metav1.CreateOptions{}))

	options.SecondServiceCIDR = network(six)
	if err := bootstrap.Run(ctx, server.Admin(), options); err != nil {
		t.Fatal(err)
	}
	cidr := must[*networkingv1.ServiceCIDR](t)(kube.NetworkingV1().ServiceCIDRs().Get(ctx, "kubernetes", metav1.GetOptions{}))
	if !slices.Equal(cidr.Spec.CIDRs, []string{"10.96.0.0/16", "fd00:96::/112"}) {
		t.Errorf("%v", cidr.Spec.CIDRs)
	}
	patch := func(text string) *corev1.Service {
		t.Helper()
		return must[*corev1.Service](t)(services.Patch(ctx, "old", types.MergePatchType, []byte(text), metav1.PatchOptions{}))
	}
	two := patch(`{"spec": {"ipFamilyPolicy": "PreferDualStack"}}`)
	if len(two.Spec.ClusterIPs) != 2 || two.Spec.ClusterIPs[0] != old.Spec.ClusterIP || !six.Contains(netip.MustParseAddr(two.Spec.ClusterIPs[1])) ||
		!slices.Equal(two.Spec.IPFamilies, []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}) {
		t.Fatalf("%+v", two.Spec)
	}
	addresses := kube.NetworkingV1().IPAddresses()
	second := must[*networkingv1.IPAddress](t)(addresses.Get(ctx, two.Spec.ClusterIPs[1], metav1.GetOptions{}))
	if second.Labels["ipaddress.kubernetes.io/ip-family"] != "IPv6" {
		t.Errorf("%+v", second.Labels)
	}
	if one := patch(`{"spec": {"ipFamilyPolicy": "SingleStack"}}`); len(one.Spec.ClusterIPs) != 1 || len(one.Spec.IPFamilies) != 1 {
		t.Errorf("%+v", one.Spec)
	}
	if _, err := addresses.Get(ctx, second.Name, metav1.GetOptions{}); err == nil {
		t.Errorf("%s is still taken", second.Name)
	}
}

func network(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
