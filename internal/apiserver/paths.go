package apiserver

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
)

// ownPaths are the handlers of what is neither a resource nor discovery.
func (s *Server) ownPaths() map[string]http.Handler {
	own := map[string]http.Handler{
		"/version": http.HandlerFunc(s.serveVersion),
		"/metrics": s.metrics.handler,
	}
	for _, p := range []probe{livez, readyz, healthz} {
		own[p.path] = s.health(p)
		own[p.path+"/"] = s.health(p)
	}
	maps.Copy(own, profiles())
	maps.Copy(own, s.fairnessDumps())
	if s.cfg.LogDir != "" {
		own["/logs/"] = logs(s.cfg.LogDir)
	}
	maps.Copy(own, s.cfg.Paths)
	return own
}

// profiles show where the process spends time and memory, to those who may
// read the paths.
func profiles() map[string]http.Handler {
	return map[string]http.Handler{
		"/debug/pprof/":        http.HandlerFunc(pprof.Index),
		"/debug/pprof/cmdline": http.HandlerFunc(pprof.Cmdline),
		"/debug/pprof/profile": http.HandlerFunc(pprof.Profile),
		"/debug/pprof/symbol":  http.HandlerFunc(pprof.Symbol),
		"/debug/pprof/trace":   http.HandlerFunc(pprof.Trace),
	}
}

// fairnessDumps show which requests are served, and which wait, to those who
// may read the paths.
func (s *Server) fairnessDumps() map[string]http.Handler {
	const path = "/debug/api_priority_and_fairness/"
	d := s.cfg.Fairness
	return map[string]http.Handler{
		path + "dump_priority_levels": dump(func(w io.Writer, _ *http.Request) error { return d.DumpLevels(w) }),
		path + "dump_queues":          dump(func(w io.Writer, _ *http.Request) error { return d.DumpQueues(w) }),
		path + "dump_requests": dump(func(w io.Writer, r *http.Request) error {
			return d.DumpRequests(w, r.URL.Query().Get("includeRequestDetails") != "")
		}),
	}
}

// dump answers with text. Its errors are those of a client that has gone.
func dump(write func(io.Writer, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = write(w, r)
	}
}

// pathMux answers requests that are not for resources.
func (s *Server) pathMux() http.Handler {
	mux := http.NewServeMux()
	for path, h := range s.paths {
		mux.Handle(path, h)
		if below := path + "/"; !strings.HasSuffix(path, "/") && s.paths[below] == nil {
			mux.Handle(below+"{$}", at(path, h))
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		handled, err := s.discovery.Serve(w, r)
		switch {
		case handled && err == nil:
		case handled:
			WriteError(w, r, err)
		case r.URL.Path == "/":
			s.serveIndex(w, r)
		default:
			WriteError(w, r, errNoSuchPath)
		}
	})
	return mux
}

// at calls h as if it had been asked for at path: upstream answers its own
// paths with and without a slash at the end.
func at(path string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = path, ""
		h.ServeHTTP(w, r)
	})
}

func (s *Server) serveVersion(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, s.cfg.Version)
}

// serveIndex lists the paths there are.
func (s *Server) serveIndex(w http.ResponseWriter, _ *http.Request) {
	paths := s.discovery.Paths()
	for p := range s.paths {
		if p[len(p)-1] != '/' && !strings.HasPrefix(p, "/debug/") {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	writeJSON(w, map[string][]string{"paths": paths})
}

func writeJSON(w http.ResponseWriter, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(data, '\n'))
}
