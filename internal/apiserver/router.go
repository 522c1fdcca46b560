package apiserver

import (
	"context"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"skiff/internal/api"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/negotiate"
)

// exchange is one request for a resource and the answer to it.
type exchange struct {
	*RequestInfo
	w    http.ResponseWriter
	r    *http.Request
	user *authn.User
	s    *Server
	e    *endpoint
	// media is what the client wants to receive.
	media  negotiate.Media
	warned []string
}

// routes sends a request on by its path.
func (s *Server) routes() http.Handler {
	paths := s.pathMux()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := InfoFrom(r.Context())
		if !info.IsResource {
			paths.ServeHTTP(w, r)
			return
		}
		x := &exchange{RequestInfo: info, w: w, r: r, s: s, user: authn.UserFrom(r.Context())}
		if err := x.serve(); err != nil {
			WriteError(w, r, err)
		}
	})
}

func (x *exchange) ctx() context.Context { return x.r.Context() }

// warn adds a Warning header, once each.
func (x *exchange) warn(text string) {
	if slices.Contains(x.warned, text) {
		return
	}
	x.warned = append(x.warned, text)
	if h, err := utilnet.NewWarningHeader(299, "-", text); err == nil {
		x.w.Header().Add("Warning", h)
	}
}

// serve finds the endpoint and the verb, and runs it.
func (x *exchange) serve() error {
	gvr := schema.GroupVersionResource{Group: x.Group, Version: x.Version, Resource: x.Resource}
	if x.e = x.s.endpoints[gvr]; x.e == nil || !x.scopeFits() {
		return errNoSuchPath
	}
	if x.e.deprecated != "" {
		x.warn(x.e.deprecated)
	}
	if x.Subresource != "" {
		return x.serveSubresource()
	}
	if !x.e.r.Serves(x.Verb) || !x.targetFits() {
		return apierrors.NewMethodNotSupported(x.GroupResource(), x.Verb)
	}
	if x.e.table == nil {
		return x.review()
	}
	switch x.Verb {
	case "get":
		return x.get()
	case "list":
		return x.list()
	case "watch":
		return x.watch()
	case "create":
		return x.create()
	case "update":
		return x.update(nil)
	case "patch":
		return x.patch(nil)
	case "delete":
		return x.delete()
	case "deletecollection":
		return x.deleteCollection()
	}
	return apierrors.NewMethodNotSupported(x.GroupResource(), x.Verb)
}

// scopeFits says whether the path names a namespace where the kind has one.
// Only what is asked of a collection may leave it out.
func (x *exchange) scopeFits() bool {
	if !x.e.r.Namespaced {
		return x.Namespace == "" || x.Resource == "namespaces"
	}
	return x.Namespace != "" || slices.Contains([]string{"list", "watch", "create", "deletecollection"}, x.Verb)
}

// targetFits says whether the verb is asked of what it is for: one object, or
// a collection in a namespace.
func (x *exchange) targetFits() bool {
	inScope := x.Namespace != "" || !x.e.r.Namespaced
	switch x.Verb {
	case "create":
		return x.Name == "" && inScope
	case "deletecollection":
		return inScope
	case "update", "patch":
		return x.Name != ""
	}
	return true
}

// serveSubresource routes what stands behind an object's name.
func (x *exchange) serveSubresource() error {
	r := x.e.r
	if p := r.Part(x.Subresource); p != nil {
		switch {
		case x.Verb == "get" && !p.NoRead:
			return x.get()
		case x.Verb == "update":
			return x.update(p)
		case x.Verb == "patch" && !p.NoRead:
			return x.patch(p)
		}
		return apierrors.NewMethodNotSupported(x.GroupResource(), x.Verb)
	}
	if x.Subresource == "scale" && r.Scale != nil {
		return x.scale()
	}
	for _, sub := range r.Subresources {
		if sub.Name != x.Subresource {
			continue
		}
		if !slices.Contains(sub.Verbs, x.Verb) && !x.optionsOfProxy(sub) {
			return apierrors.NewMethodNotSupported(x.GroupResource(), x.Verb)
		}
		return x.subresource(sub)
	}
	return errNoSuchPath
}

// optionsOfProxy says whether the request asks what is behind a proxy for its
// options. The API has no verb for that, so only who may do everything may.
func (x *exchange) optionsOfProxy(sub api.Subresource) bool {
	return sub.Name == "proxy" && x.r.Method == http.MethodOptions
}
