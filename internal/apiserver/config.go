package apiserver

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"skiff/internal/api"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/fairness"
	"skiff/internal/store"
)

// Storage is where objects lie: *store.Store.
type Storage interface {
	Table(*api.Resource) store.Table
}

// Config is what an API server is made of.
type Config struct {
	Store     Storage
	Resources []*api.Resource
	Scheme    *runtime.Scheme // of the Go types of Resources

	Authenticator authn.Authenticator // of requests from the network
	Authorizer    authz.Authorizer
	Admission     []admission.Plugin // in the order in which they run

	// Fairness decides which requests are served, wait, or are turned away;
	// nil: one of its own, which knows the mandatory objects alone.
	Fairness *fairness.Dispatcher

	// Reviews answer the creation of kinds that are not stored.
	Reviews map[schema.GroupResource]ReviewFunc
	// Creates answer POST on a subresource that has a body of its own
	// (binding, eviction, token), and on a kind that is not stored but stands
	// for such a subresource (bindings).
	Creates map[SubresourceKey]CreateFunc
	// Connects answer subresources that own the connection (log, exec,
	// attach, portforward, proxy), whatever the method.
	Connects map[SubresourceKey]ConnectFunc
	// Computed make up, at each read, the objects of kinds that are not stored
	// but can be read (componentstatuses).
	Computed map[schema.GroupResource]ComputedFunc
	// Allocators take part in the writes of a resource: they fill in what is
	// unique in the cluster (service addresses and node ports).
	Allocators map[schema.GroupResource]Allocator

	// Paths are further handlers by path; one that ends in "/" also answers
	// what is below it. /openapi/v2, /openapi/v3 and /openapi/v3/ come this way.
	Paths map[string]http.Handler

	// LogDir is what /logs/ shows; "" for nothing.
	LogDir string

	Version version.Info
	// PublicAddress is where clients reach the server, as "HOST:PORT".
	PublicAddress string
	// Checks are the parts of /livez, /readyz and /healthz beside ping.
	Checks  []Check
	Metrics *prometheus.Registry // nil: one of its own
	// ProcessMetrics are what /metrics shows besides; may be nil.
	ProcessMetrics prometheus.Gatherer
	Log            *slog.Logger // nil: slog.Default
}

// SubresourceKey names a subresource in any version: pods/log.
type SubresourceKey struct {
	Group, Resource, Subresource string
}

// Call is one request as a hook sees it, authenticated and authorized.
type Call struct {
	*RequestInfo
	User    *authn.User
	Target  *api.Resource // the resource in the path
	Server  *Server
	DryRun  bool
	Warn    func(text string)
	Request *http.Request
}

// ReviewFunc answers the creation of an object that is not stored: it fills
// in the object's status and returns it.
type ReviewFunc func(ctx context.Context, c *Call, obj api.Object) (api.Object, error)

// CreateFunc answers POST on a subresource. body has passed admission; what
// it returns is the answer (201), a *metav1.Status among others.
type CreateFunc func(ctx context.Context, c *Call, body api.Object) (runtime.Object, error)

// ConnectFunc answers a request that owns its connection. It is called after
// authorization and CONNECT admission; an error, returned before anything is
// written, becomes a Status.
type ConnectFunc func(w http.ResponseWriter, r *http.Request, c *Call) error

// Allocator takes part in the writes of a resource.
type Allocator interface {
	// Begin is called before obj is validated and stored; it fills in what
	// obj lacks, and with dryRun takes nothing. old is nil on create; obj is
	// nil when old is to go. finish is called once it is known whether the
	// write happened; never, when that cannot be known.
	Begin(ctx context.Context, obj, old api.Object, dryRun bool) (finish func(stored bool), err error)
}

// Check is one part of the server's health.
type Check struct {
	Name string
	// Ready and Live say in which of /readyz and /livez the check takes part;
	// /healthz has all.
	Ready, Live bool
	Check       func(ctx context.Context) error
}
