// Package client is how a component of skiff reaches the API: clients that
// speak protobuf without a request limit of their own, informers that keep
// only what is read, and event recorders.
//
// It is given a rest.Config, which says who the component is and by which
// transport it speaks: TLS, or one within the process, whose objects informers
// then share with the server.
package client

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

const (
	protobuf       = "application/vnd.kubernetes.protobuf"
	protobufOrJSON = "application/vnd.kubernetes.protobuf,application/json"
)

// Clients are one identity's ways to the API.
type Clients struct {
	Kube     kubernetes.Interface
	Metadata metadata.Interface
}

// New makes the clients of a component that calls itself userAgent.
func New(cfg *rest.Config, userAgent string) (Clients, error) {
	cfg = Config(cfg, userAgent)
	kube, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return Clients{}, fmt.Errorf("client of %s: %w", userAgent, err)
	}
	meta, err := metadata.NewForConfig(cfg)
	if err != nil {
		return Clients{}, fmt.Errorf("metadata client of %s: %w", userAgent, err)
	}
	if s, ok := cfg.Transport.(Sharer); ok {
		return Clients{Kube: sharingClient{kube, s}, Metadata: meta}, nil
	}
	return Clients{Kube: kube, Metadata: meta}, nil
}

// Config returns a copy of cfg for built-in kinds: protobuf both ways, and no
// client-side limit on requests, because fairness among clients is the API
// server's to decide.
func Config(cfg *rest.Config, userAgent string) *rest.Config {
	c := rest.CopyConfig(cfg)
	c.ContentType = protobuf
	c.AcceptContentTypes = protobufOrJSON
	c.QPS = -1
	c.UserAgent = userAgent
	// Endpoints are deprecated, and the system's business all the same.
	c.WarningHandler = rest.NoWarnings{}
	return c
}

// Resources is a set of the resources that an API server serves.
type Resources map[schema.GroupVersionResource]bool

// Serves says whether all of want are in the set.
func (r Resources) Serves(want ...schema.GroupVersionResource) bool {
	for _, w := range want {
		if !r[w] {
			return false
		}
	}
	return true
}

// Discover returns all that the API server serves. A group whose server does
// not answer (an aggregated API that is down) is left out. While the API
// server itself does not answer, Discover waits for it: it fails only when ctx
// ends.
func Discover(ctx context.Context, d discovery.DiscoveryInterface) (Resources, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		_, lists, err := d.ServerGroupsAndResources()
		if err == nil || discovery.IsGroupDiscoveryFailedError(err) {
			served := Resources{}
			for _, list := range lists {
				gv, err := schema.ParseGroupVersion(list.GroupVersion)
				if err != nil {
					continue
				}
				for _, r := range list.APIResources {
					served[gv.WithResource(r.Name)] = true
				}
			}
			if len(served) > 0 {
				return served, nil
			}
		}
		slog.Debug("waiting for the API server's discovery", "err", err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}
