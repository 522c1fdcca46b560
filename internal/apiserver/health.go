package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// probe is one of the health paths.
type probe struct {
	path  string
	takes func(Check) bool
}

var (
	livez   = probe{"/livez", func(c Check) bool { return c.Live }}
	readyz  = probe{"/readyz", func(c Check) bool { return c.Ready }}
	healthz = probe{"/healthz", func(Check) bool { return true }}
)

// checksOf are the checks of a probe: ping, the configured ones, and, for
// readiness, whether the server is about to stop.
func (s *Server) checksOf(p probe) []Check {
	checks := []Check{{Name: "ping", Check: func(context.Context) error { return nil }}}
	for _, c := range s.cfg.Checks {
		if p.takes(c) {
			checks = append(checks, c)
		}
	}
	if p.path == readyz.path {
		checks = append(checks, Check{Name: "shutdown", Check: func(context.Context) error {
			if s.running.Err() != nil {
				return fmt.Errorf("process is shutting down")
			}
			return nil
		}})
	}
	return checks
}

// health answers a probe: "ok", or with what fails; ?verbose lists all.
func (s *Server) health(p probe) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		checks := s.checksOf(p)
		if one := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, p.path), "/"); one != "" {
			i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == one })
			if i < 0 {
				WriteError(w, r, errNoSuchPath)
				return
			}
			s.oneCheck(w, r, checks[i])
			return
		}
		name := strings.TrimPrefix(p.path, "/")
		report, failed := s.runChecks(r, checks)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch _, verbose := r.URL.Query()["verbose"]; {
		case failed:
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "%s%s check failed\n", report, name)
		case verbose:
			fmt.Fprintf(w, "%s%s check passed\n", report, name)
		default:
			fmt.Fprint(w, "ok")
		}
	}
}

// oneCheck answers for a check that is asked for by its name.
func (s *Server) oneCheck(w http.ResponseWriter, r *http.Request, c Check) {
	if err := c.Check(r.Context()); err != nil {
		http.Error(w, fmt.Sprintf("internal server error: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	fmt.Fprint(w, "ok")
}

// runChecks runs all but those that the request excludes.
func (s *Server) runChecks(r *http.Request, checks []Check) (report string, failed bool) {
	excluded := r.URL.Query()["exclude"]
	unknown := slices.Clone(excluded)
	var b strings.Builder
	for _, c := range checks {
		unknown = slices.DeleteFunc(unknown, func(name string) bool { return name == c.Name })
		if slices.Contains(excluded, c.Name) {
			fmt.Fprintf(&b, "[+]%s excluded: ok\n", c.Name)
			continue
		}
		if err := c.Check(r.Context()); err != nil {
			s.log.Warn("health check failed", "check", c.Name, "error", err)
			fmt.Fprintf(&b, "[-]%s failed: reason withheld\n", c.Name)
			failed = true
			continue
		}
		fmt.Fprintf(&b, "[+]%s ok\n", c.Name)
	}
	if len(unknown) > 0 {
		fmt.Fprintf(&b, "warn: some health checks cannot be excluded: no matches for %q\n", unknown)
	}
	return b.String(), failed
}
