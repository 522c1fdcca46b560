// Package builtin completes an API server's configuration with what every
// cluster has: who may come in and what they may do, the admission plug-ins,
// the reviews, the subresources that are not plain storage, and the addresses
// of Services. It is the one place that knows all of these packages; it holds
// no logic of its own.
package builtin

import (
	"cmp"
	"context"
	"crypto/tls"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/binding"
	"skiff/internal/apiserver/components"
	"skiff/internal/apiserver/eviction"
	"skiff/internal/apiserver/fairness"
	"skiff/internal/apiserver/flowcontrol"
	"skiff/internal/apiserver/kubelet"
	"skiff/internal/apiserver/reviews"
	"skiff/internal/apiserver/serviceaccount"
	"skiff/internal/apiserver/services"
	"skiff/internal/apiserver/token"
	"skiff/internal/pki"
)

// Options say which cluster it is.
type Options struct {
	PKI *pki.PKI
	// Issuer is the URL in service account tokens; "" for DefaultIssuer.
	Issuer string
	// ServiceCIDRs are the ranges of Service addresses: one, or one of each
	// family with the cluster's own first.
	ServiceCIDRs []netip.Prefix
	// The node ports; zero for 30000 to 32767.
	FirstNodePort, LastNodePort int
	// Seats is how many requests are served at once; 0 for
	// apiserver.DefaultSeats.
	Seats int
	// NoAnonymous refuses requests without credentials.
	NoAnonymous bool
	// Components are the checks behind componentstatuses of what runs in this
	// process; nil: scheduler and controller manager run elsewhere.
	Components map[string]components.Check
}

// Add fills in all of c but Store, Resources, Scheme, Version, Checks and the
// OpenAPI paths; Store must be set already. What it returns should be run while
// the server is.
func Add(ctx context.Context, c *apiserver.Config, o Options) (*Background, error) {
	if o.Issuer == "" {
		o.Issuer = serviceaccount.DefaultIssuer
	}
	issuer, err := serviceaccount.NewIssuer(o.Issuer, o.PKI.ServiceAccountKey)
	if err != nil {
		return nil, err
	}
	documents, err := issuer.Documents()
	if err != nil {
		return nil, err
	}
	reader := apiserver.NewReader(c.Store)
	rbac := authz.NewRBAC(c.Store)
	c.Authorizer = authz.New(c.Store, rbac)
	proxies, err := o.PKI.FrontProxyCA()
	if err != nil {
		return nil, err
	}
	var tokens authn.TokenAuthenticator
	c.Authenticator, tokens = authn.New(authn.Config{
		ClientCAs: o.PKI.CA.Pool(), FrontProxyCAs: proxies.Pool(), Issuer: issuer, Reader: reader, NoAnonymous: o.NoAnonymous,
	})
	c.Admission = append(c.Admission, admission.Default(reader, c.Store, c.Authorizer, rbac)...)
	c.Reviews = (&reviews.Reviewer{Tokens: tokens, Authorizer: c.Authorizer, Rules: rbac, Audiences: issuer.Audiences}).Reviews()
	c.Creates = map[apiserver.SubresourceKey]apiserver.CreateFunc{
		eviction.Key: (&eviction.Evictor{}).Create,
		token.Key:    (&token.Handler{Issuer: issuer, Reader: reader}).Create,
	}
	for _, key := range binding.Keys {
		c.Creates[key] = binding.Create
	}
	client, err := o.PKI.KubeletClient()
	if err != nil {
		return nil, err
	}
	c.Connects = kubelet.New(reader, c.Authorizer, &tls.Config{
		RootCAs: o.PKI.CA.Pool(), GetClientCertificate: client.GetClientCertificate, MinVersion: tls.VersionTLS12,
	}).Connects()
	c.Computed = map[schema.GroupResource]apiserver.ComputedFunc{core.ComponentStatus.GroupResource(): components.Statuses(o.checks(c.Store, reader))}
	allocator, err := services.New(ctx, c.Store, services.Config{
		CIDRs: o.ServiceCIDRs, FirstNodePort: o.FirstNodePort, LastNodePort: o.LastNodePort,
	})
	if err != nil {
		return nil, err
	}
	c.Allocators = map[schema.GroupResource]apiserver.Allocator{core.Service.GroupResource(): allocator}
	if c.Paths == nil {
		c.Paths = map[string]http.Handler{}
	}
	maps.Copy(c.Paths, documents)
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	c.Metrics.MustRegister(allocator.Collector())
	c.Fairness = fairness.New(cmp.Or(o.Seats, apiserver.DefaultSeats), rand.Uint64(), time.Now())
	return &Background{rbac: rbac, services: allocator, flows: flowcontrol.Keeper{Storage: c.Store, Dispatcher: c.Fairness}}, nil
}

// checks are those of componentstatuses. A component that is not in this
// process, or not yet, may still work in another.
func (o Options) checks(of apiserver.Storage, reader api.Reader) map[string]components.Check {
	all := map[string]components.Check{
		components.Scheduler:         components.Holds(reader, "kube-scheduler"),
		components.ControllerManager: components.Holds(reader, "kube-controller-manager"),
	}
	for name, here := range o.Components {
		all[name] = components.Either(here, all[name])
	}
	if etcd, ok := of.(interface{ Healthy(context.Context) error }); ok {
		all[components.Etcd] = etcd.Healthy
	}
	return all
}
