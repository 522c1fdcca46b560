package approve

import (
	"crypto/x509"
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhatANodeMayServe(t *testing.T) {
	other := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n2"}, Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: "192.0.2.2"}, {Type: corev1.NodeHostName, Address: "host2"},
	}}}
	own := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}, Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: "10.96.0.1"}, // a lie
	}}}
	reserved := map[string]bool{"10.96.0.1": true}
	for _, c := range []struct {
		name string
		ip   string
		want bool
	}{
		{"n1", "192.0.2.1", true},
		{"n1", "192.0.2.2", false},
		{"n1", "10.96.0.1", false},
		{"n1", "127.0.0.1", false},
		{"n2", "192.0.2.1", false},
		{"host2", "192.0.2.1", false},
		{"kubernetes.default.svc", "192.0.2.1", false},
	} {
		x := &x509.CertificateRequest{DNSNames: []string{c.name}, IPAddresses: []net.IP{net.ParseIP(c.ip)}}
		if got := mayServe("n1", x, []*corev1.Node{own, other}, reserved); got != c.want {
			t.Errorf("n1 for %s and %s: %t", c.name, c.ip, got)
		}
	}
	if mayServe("kubernetes", &x509.CertificateRequest{DNSNames: []string{"kubernetes"}}, nil, reserved) {
		t.Error("a node that is called kubernetes may pose as the API")
	}
}
