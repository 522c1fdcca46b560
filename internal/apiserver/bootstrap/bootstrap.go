// Package bootstrap writes what every cluster is born with: the system's
// namespaces, roles, priority classes and config maps, and the Service
// "kubernetes" with the addresses of the API servers.
//
// It is a client of the API like any other. It writes only what is missing or
// has fallen behind, so a restart costs reads alone; what users added to its
// objects stays.
package bootstrap

import (
	"context"
	"net"
	"sync/atomic"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/client"
)

// Options say how the cluster is reached.
type Options struct {
	// ServiceCIDR is the range of Service addresses; its first address is
	// that of the Service "kubernetes".
	ServiceCIDR *net.IPNet
	// SecondServiceCIDR is that of the other family; nil: there is none.
	SecondServiceCIDR *net.IPNet
	// Advertise are the addresses of the API servers, as pods reach them.
	Advertise []net.IP
	// Port is the API servers' port (6443).
	Port int
	// ServerURL is how joining nodes reach the API.
	ServerURL string
	// CA is the certificate authority, in PEM.
	CA []byte
	// FrontProxyCA is the authority of proxies that speak for others, in PEM;
	// nil: there are none.
	FrontProxyCA []byte
	// Hooks, if any, are told what is done.
	Hooks *Hooks
}

type bootstrapper struct {
	Options
	kube   kubernetes.Interface
	writes atomic.Int64
}

// Run writes all that is missing and returns. cfg must be of a member of
// system:masters: at first there are no roles.
func Run(ctx context.Context, cfg *rest.Config, o Options) error {
	b, err := newBootstrapper(cfg, o)
	if err != nil {
		return err
	}
	return b.run(ctx)
}

// Announce makes the Service "kubernetes" lead to o.Advertise. Run does it,
// too; it is called again when an address changes.
func Announce(ctx context.Context, cfg *rest.Config, o Options) error {
	b, err := newBootstrapper(cfg, o)
	if err != nil {
		return err
	}
	return b.announce(ctx)
}

func newBootstrapper(cfg *rest.Config, o Options) (*bootstrapper, error) {
	kube, err := kubernetes.NewForConfig(client.Config(cfg, "skiff-bootstrap"))
	if err != nil {
		return nil, err
	}
	return &bootstrapper{Options: o, kube: kube}, nil
}

func (b *bootstrapper) run(ctx context.Context) error {
	// All else lies in these, and has its addresses from these; so they come
	// first.
	if err := together(ctx, b.step(systemNamespaces, b.namespaces), b.step(serviceAddresses, b.serviceRange)); err != nil {
		return err
	}
	return together(ctx,
		b.step(bootstrapRoles, b.roles),
		b.step(priorityClasses, b.priorityClasses),
		b.step(priorityAndFairness, b.flowControl),
		b.step(apiServices, b.apiServices),
		b.step(clusterAuthentication, b.configMaps),
		b.step(kubernetesService, b.announce))
}
