package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

// filters wraps the routes in what every request passes, outermost first.
func (s *Server) filters(routes http.Handler) http.Handler {
	h := s.authorize(routes)
	h = s.shareFairly(h)
	h = s.impersonate(h)
	h = s.authenticate(h)
	h = s.limitTime(h)
	h = s.observe(h)
	return s.recoverPanics(h)
}

// observe reads what the request asks for, names it for audits, and counts it.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := parseRequest(r)
		id := r.Header.Get("Audit-Id")
		if id == "" || len(id) > 64 {
			id = uuid.NewString()
		}
		w.Header().Set("Audit-Id", id)
		w.Header().Set("Cache-Control", "no-cache, private")
		rec := &recorder{ResponseWriter: w}
		done := s.metrics.begin(info, s.knows(info), isLongRunning(info))
		defer func() { done(rec.code(), rec.size, isDryRun(r)) }()
		next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), infoKey{}, info)))
	})
}

// knows says whether there is something at the path of a request.
func (s *Server) knows(i *RequestInfo) bool {
	if !i.IsResource {
		_, known := s.paths[i.Path]
		return known || s.discovery.Has(i.Path)
	}
	e := s.endpoints[schema.GroupVersionResource{Group: i.Group, Version: i.Version, Resource: i.Resource}]
	return e != nil && (i.Subresource == "" || e.hasSubresource(i.Subresource))
}

func isDryRun(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "dryRun") }

// recoverPanics answers 500 for a handler that panicked, and keeps serving.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				info := parseRequest(r)
				s.metrics.broken(info, s.knows(info))
				panic(p)
			}
			s.log.Error("request panicked", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			WriteError(w, r, apierrors.NewInternalError(fmt.Errorf("this request caused the API server to panic: %v", p)))
		}()
		next.ServeHTTP(w, r)
	})
}

// authenticate finds out who asks. A context that carries a user comes from
// the in-process client: contexts of network requests are made by net/http
// and carry none.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if authn.UserFrom(r.Context()) != nil {
			next.ServeHTTP(w, r)
			return
		}
		s.metrics.access.certified(r)
		start := time.Now()
		u, err := s.cfg.Authenticator.Authenticate(r)
		s.metrics.access.authenticated(u, err, start)
		if err != nil || u == nil {
			if err != nil {
				s.log.Debug("request is not authenticated", "path", r.URL.Path, "error", err)
			}
			WriteError(w, r, apierrors.NewUnauthorized("Unauthorized"))
			return
		}
		r.Header.Del("Authorization") // of no use behind here
		next.ServeHTTP(w, r.WithContext(authn.WithUser(r.Context(), u)))
	})
}

// authorize asks whether the user may.
func (s *Server) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := attributesOf(authn.UserFrom(r.Context()), InfoFrom(r.Context()))
		if err := s.allow(r.Context(), a); err != nil {
			WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allow returns nil if the authorizer allows a, else the 403 Status.
func (s *Server) allow(ctx context.Context, a authz.Attributes) error {
	start := time.Now()
	decision, reason, err := s.cfg.Authorizer.Authorize(ctx, a)
	s.metrics.access.authorized(decision, err, start)
	switch {
	case decision == authz.Allow:
		return nil
	case err != nil && reason == "":
		s.log.Warn("authorization failed", "user", a.User.Name, "error", err)
	}
	return authz.Forbidden(a, reason)
}

// requestTimeout bounds every request that is not a stream.
const requestTimeout = 60 * time.Second

// limitTime bounds the time of a request that is not a stream; the client may
// ask for less by ?timeout=.
func (s *Server) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLongRunning(InfoFrom(r.Context())) {
			next.ServeHTTP(w, r)
			return
		}
		limit := requestTimeout
		if asked := r.URL.Query().Get("timeout"); asked != "" {
			d, err := time.ParseDuration(asked)
			if err != nil {
				WriteError(w, r, apierrors.NewBadRequest(fmt.Sprintf("invalid timeout specified in the request URL - %v", err)))
				return
			}
			if d > 0 && d < limit {
				limit = d
			}
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// isLongRunning says whether a request streams, and so has no time limit.
func isLongRunning(i *RequestInfo) bool {
	switch {
	case i == nil:
		return false
	case !i.IsResource:
		return strings.HasPrefix(i.Path, "/debug/pprof/")
	}
	switch i.Subresource {
	case "attach", "exec", "log", "portforward", "proxy":
		return true
	}
	return i.Verb == "watch"
}
