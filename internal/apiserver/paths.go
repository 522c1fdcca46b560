package apiserver

import (
	"encoding/json"
	"net/http"
	"slices"
)

// pathMux answers requests that are not for resources.
func (s *Server) pathMux() http.Handler {
	mux := http.NewServeMux()
	own := map[string]http.Handler{
		"/version": http.HandlerFunc(s.serveVersion),
		"/metrics": s.metrics.handler,
	}
	for _, p := range []probe{livez, readyz, healthz} {
		own[p.path] = s.health(p)
		own[p.path+"/"] = s.health(p)
	}
	for path, h := range s.cfg.Paths {
		own[path] = h
	}
	for path, h := range own {
		mux.Handle(path, h)
	}
	index := s.index(own)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if handled, err := s.discovery.Serve(w, r); handled {
			if err != nil {
				writeError(w, r, err)
			}
			return
		}
		if r.URL.Path == "/" {
			index(w, r)
			return
		}
		writeError(w, r, errNoSuchPath)
	})
	return mux
}

func (s *Server) serveVersion(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, s.cfg.Version)
}

// index lists the paths there are.
func (s *Server) index(own map[string]http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		paths := s.discovery.Paths()
		for p := range own {
			if len(p) > 1 && p[len(p)-1] != '/' {
				paths = append(paths, p)
			}
		}
		slices.Sort(paths)
		writeJSON(w, map[string][]string{"paths": paths})
	}
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
