package apiserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"reflect"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/discovery"
	"skiff/internal/apiserver/fairness"
)

// DefaultSeats is how many requests are served at once unless told otherwise.
const DefaultSeats = 400 + 200

// Server answers the Kubernetes API. It is ready as soon as New returns.
type Server struct {
	cfg       Config
	codec     *codec.Codec
	managed   *managedFields
	endpoints map[schema.GroupVersionResource]*endpoint
	discovery *discovery.Handler
	metrics   *metrics
	frames    sharedFrames
	log       *slog.Logger
	paths     map[string]http.Handler // beside resources and discovery
	stored    map[reflect.Type]*api.Resource
	handler   http.Handler

	admitting, validating *admissionStep

	// running ends when watches and other long requests are to end.
	running context.Context
	stop    func()
}

// New makes a server. It starts nothing but what the tables of cfg.Store do
// by themselves; long requests end when ctx does.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:       cfg,
		codec:     codec.New(cfg.Scheme),
		managed:   newManagedFields(cfg.Scheme, cfg.Resources...),
		endpoints: make(map[schema.GroupVersionResource]*endpoint, len(cfg.Resources)),
		discovery: discovery.New(cfg.Resources, cfg.PublicAddress),
		metrics:   newMetrics(cfg.Metrics, cfg.ProcessMetrics),
		stored:    storedTypes(cfg.Resources),
		log:       cfg.Log,
	}
	s.admitting, s.validating = newAdmissionSteps(cfg.Admission, s.metrics.admission)
	s.running, s.stop = context.WithCancel(ctx)
	for _, r := range cfg.Resources {
		e := newEndpoint(s, r)
		if have := s.endpoints[r.GroupVersionResource()]; have != nil {
			return nil, fmt.Errorf("resource %s is defined twice", r.GroupVersionResource())
		}
		s.endpoints[r.GroupVersionResource()] = e
	}
	cfg.Metrics.MustRegister(stateMetrics{s}, cfg.Fairness.Collector(time.Now))
	if counts, ok := cfg.Store.(interface{ Collectors() []prometheus.Collector }); ok {
		cfg.Metrics.MustRegister(counts.Collectors()...)
	}
	s.paths = s.ownPaths()
	s.handler = s.filters(s.routes())
	return s, nil
}

// Handler answers requests that come from anywhere: it authenticates them.
func (s *Server) Handler() http.Handler { return s.handler }

func (c *Config) complete() error {
	switch {
	case c.Store == nil:
		return errors.New("the API server needs a store")
	case c.Scheme == nil:
		return errors.New("the API server needs a scheme")
	case c.Authenticator == nil || c.Authorizer == nil:
		return errors.New("the API server needs an authenticator and an authorizer")
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Fairness == nil {
		c.Fairness = fairness.New(DefaultSeats, rand.Uint64(), time.Now())
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return nil
}

// endpointOf finds the endpoint of a resource, in the version of r.
func (s *Server) endpointOf(r *api.Resource) (*endpoint, error) {
	if e := s.endpoints[r.GroupVersionResource()]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("resource %s is not served", r.GroupVersionResource())
}
