package bootstrap

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"skiff/internal/apiserver/authn"
)

// Namespaces are those that every cluster has.
var Namespaces = []string{metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease, metav1.NamespaceDefault}

func (b *bootstrapper) namespaces(ctx context.Context) error {
	var wanted []*corev1.Namespace
	for _, name := range Namespaces {
		wanted = append(wanted, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return reconcile(ctx, b, b.kube.CoreV1().Namespaces(), wanted, keep)
}

// keep leaves what is there as it is.
func keep[T any](_, _ T) bool { return false }

func (b *bootstrapper) priorityClasses(ctx context.Context) error {
	wanted := []*schedulingv1.PriorityClass{
		{
			ObjectMeta:  metav1.ObjectMeta{Name: "system-node-critical"},
			Value:       2000001000,
			Description: "Used for system critical pods that must not be moved from their current node.",
		},
		{
			ObjectMeta:  metav1.ObjectMeta{Name: "system-cluster-critical"},
			Value:       2000000000,
			Description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
		},
	}
	return reconcile(ctx, b, b.kube.SchedulingV1().PriorityClasses(), wanted, keep)
}

// serviceRange writes the ServiceCIDR from which Services have their
// addresses. A second family may be added to one that has no second; no other
// change can be made.
func (b *bootstrapper) serviceRange(ctx context.Context) error {
	want := networkingv1.ServiceCIDRSpec{CIDRs: []string{b.ServiceCIDR.String()}}
	if b.SecondServiceCIDR != nil {
		want.CIDRs = append(want.CIDRs, b.SecondServiceCIDR.String())
	}
	return one(ctx, b, b.kube.NetworkingV1().ServiceCIDRs(), &networkingv1.ServiceCIDR{
		ObjectMeta: metav1.ObjectMeta{Name: "kubernetes", Finalizers: []string{serviceCIDRFinalizer}}, Spec: want,
	}, func(have *networkingv1.ServiceCIDR) bool {
		if len(have.Spec.CIDRs) != 1 || len(want.CIDRs) != 2 || have.Spec.CIDRs[0] != want.CIDRs[0] {
			return false
		}
		have.Spec = want
		return true
	})
}

// serviceCIDRFinalizer keeps a ServiceCIDR for as long as Services need it.
const serviceCIDRFinalizer = "networking.k8s.io/service-cidr-finalizer"

// configMaps writes how to find and trust this cluster: cluster-info for
// joining nodes, and the authority of client certificates for API servers
// behind this one.
func (b *bootstrapper) configMaps(ctx context.Context) error {
	info := clientcmdapi.NewConfig()
	info.Clusters[""] = &clientcmdapi.Cluster{Server: b.ServerURL, CertificateAuthorityData: b.CA}
	kubeconfig, err := clientcmd.Write(*info)
	if err != nil {
		return err
	}
	return together(ctx,
		func(ctx context.Context) error {
			return b.configMap(ctx, metav1.NamespacePublic, "cluster-info", map[string]string{"kubeconfig": string(kubeconfig)})
		},
		func(ctx context.Context) error {
			return b.configMap(ctx, metav1.NamespaceSystem, "extension-apiserver-authentication", b.extensionAuthentication())
		},
	)
}

// extensionAuthentication says to the servers behind this one whom to believe:
// clients with a certificate, and this server when it speaks for others.
func (b *bootstrapper) extensionAuthentication() map[string]string {
	data := map[string]string{"client-ca-file": string(b.CA)}
	if len(b.FrontProxyCA) == 0 {
		return data
	}
	data["requestheader-client-ca-file"] = string(b.FrontProxyCA)
	for key, value := range map[string]string{
		"requestheader-allowed-names":        authn.AllowedProxies[0],
		"requestheader-username-headers":     authn.RemoteUser,
		"requestheader-uid-headers":          authn.RemoteUID,
		"requestheader-group-headers":        authn.RemoteGroup,
		"requestheader-extra-headers-prefix": authn.RemoteExtraPrefix,
	} {
		data[key] = fmt.Sprintf("[%q]", value)
	}
	return data
}

// configMap keeps the given keys of a config map; others are left alone.
func (b *bootstrapper) configMap(ctx context.Context, namespace, name string, data map[string]string) error {
	want := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
	return one(ctx, b, b.kube.CoreV1().ConfigMaps(namespace), want, func(have *corev1.ConfigMap) (changed bool) {
		for k, v := range data {
			if have.Data[k] != v {
				if have.Data == nil {
					have.Data = map[string]string{}
				}
				have.Data[k], changed = v, true
			}
		}
		return changed
	})
}
