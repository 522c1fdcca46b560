package wire

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"

	"skiff/internal/client"
)

// ensureDNSService makes the Service kube-system/kube-dns, which users and
// programs look for. It has no selector: each node answers DNS itself.
func ensureDNSService(ctx context.Context, cfg *rest.Config, clusterDNS string) error {
	clients, err := client.New(cfg, "skiff-addons")
	if err != nil {
		return err
	}
	services := clients.Kube.CoreV1().Services(metav1.NamespaceSystem)
	_, err = services.Get(ctx, "kube-dns", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = services.Create(ctx, dnsService(clusterDNS), metav1.CreateOptions{})
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // the start was broken off, whatever the server makes of that
	case err != nil:
		return fmt.Errorf("cannot make the Service of cluster DNS: %w", err)
	}
	return nil
}

func dnsService(clusterDNS string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: "kube-dns",
			Labels: map[string]string{
				"k8s-app":                       "kube-dns",
				"kubernetes.io/cluster-service": "true",
				"kubernetes.io/name":            "CoreDNS",
			},
		},
		Spec: corev1.ServiceSpec{
			ClusterIP: clusterDNS,
			Ports: []corev1.ServicePort{
				{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(53)},
				{Name: "dns-tcp", Port: 53, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(53)},
			},
		},
	}
}
