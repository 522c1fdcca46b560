// Package apitest runs a real API server for tests: etcd embedded in a
// directory of the test, the whole catalogue of kinds, and clients for any
// user, in the process or over TLS. It starts in a tenth of a second or so.
package apitest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"

	"skiff/internal/api/catalogue"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/openapi"
	"skiff/internal/store"
)

// Server is an API server that lives as long as its test.
type Server struct {
	*apiserver.Server
	Store *store.Store
	t     testing.TB
}

// Option changes the configuration before the server starts.
type Option func(*apiserver.Config)

// WithAuthorizer has a decide on requests. Without it, everyone may do all.
func WithAuthorizer(a authz.Authorizer) Option {
	return func(c *apiserver.Config) { c.Authorizer = a }
}

// Start starts a server with all kinds of the catalogue; it ends with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	st, err := store.Open(ctx, store.Config{Dir: t.TempDir()})
	if err != nil {
		cancel()
		t.Fatalf("open the store: %v", err)
	}
	c := apiserver.Config{
		Store: st, Resources: catalogue.All(), Scheme: catalogue.Scheme,
		Authenticator: byName{}, Authorizer: allowAll{},
		Paths:   documents(),
		Version: version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.2+skiff"},
	}
	for _, o := range options {
		o(&c)
	}
	s, err := apiserver.New(ctx, c)
	if err != nil {
		cancel()
		t.Fatalf("start the API server: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		st.Close()
	})
	return &Server{Server: s, Store: st, t: t}
}

// documents are the OpenAPI paths, made when first asked for.
func documents() map[string]http.Handler {
	h := openapi.Handler(catalogue.All)
	return map[string]http.Handler{"/openapi/v2": h, "/openapi/v3": h, "/openapi/v3/": h}
}

// Config reaches the server, in the process, as the user.
func (s *Server) Config(user string, groups ...string) *rest.Config {
	return s.Client(&authn.User{Name: user, Groups: append(groups, "system:authenticated")})
}

// Admin reaches the server as one of the system's masters.
func (s *Server) Admin() *rest.Config { return s.Config("admin", "system:masters") }

// Eventually waits until condition holds, or fails the test after 20 s. It is
// for what no watch tells.
func Eventually(t testing.TB, what string, condition func(ctx context.Context) bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		return condition(ctx), nil
	})
	if err != nil {
		t.Fatalf("waiting until %s: %v", what, err)
	}
}

// byName believes what a bearer token says: "USER" or "USER/GROUP,GROUP".
type byName struct{}

func (byName) Authenticate(r *http.Request) (*authn.User, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, nil
	}
	name, groups, _ := strings.Cut(token, "/")
	u := &authn.User{Name: name, Groups: []string{"system:authenticated"}}
	if groups != "" {
		u.Groups = append(u.Groups, strings.Split(groups, ",")...)
	}
	return u, nil
}

type allowAll struct{}

func (allowAll) Authorize(context.Context, authz.Attributes) (authz.Decision, string, error) {
	return authz.Allow, "", nil
}
