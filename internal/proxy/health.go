package proxy

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
)

// health answers those who ask whether this node serves: /healthz for the
// proxy itself, and a port of its own for each Service whose load balancer must
// find the nodes that have endpoints (healthCheckNodePort).
type health struct {
	log  *slog.Logger
	mu   sync.Mutex
	last time.Time // when rules were last written
	node *http.Server
	svcs map[types.NamespacedName]*serviceHealth
}

type serviceHealth struct {
	name   types.NamespacedName
	port   uint16
	local  int
	server *http.Server
}

func newHealth(log *slog.Logger) *health {
	return &health{log: log, svcs: map[types.NamespacedName]*serviceHealth{}}
}

// written notes that the kernel has the rules it should have.
func (h *health) written(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = at
}

func (h *health) serveNode(addr netip.AddrPort) error {
	if !addr.IsValid() {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", h.answerNode)
	mux.HandleFunc("/livez", h.answerNode)
	server, err := serve(addr.String(), mux)
	if err != nil {
		return fmt.Errorf("serve health at %s: %w", addr, err)
	}
	h.node = server
	return nil
}

func serve(addr string, handler http.Handler) (*http.Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return server, nil
}

func (h *health) answerNode(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	last := h.last
	h.mu.Unlock()
	code := http.StatusOK
	if last.IsZero() {
		code = http.StatusServiceUnavailable
	}
	answer(w, code, map[string]any{"lastUpdated": last.String(), "currentTime": time.Now().String(), "nodeEligible": true})
}

// setService reports a Service's endpoints on this node; port 0 ends the report.
func (h *health) setService(name types.NamespacedName, port uint16, local int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.svcs[name]
	if old != nil && old.port != port {
		_ = old.server.Close()
		delete(h.svcs, name)
		old = nil
	}
	if port == 0 {
		return
	}
	if old != nil {
		old.local = local
		return
	}
	s := &serviceHealth{name: name, port: port, local: local}
	server, err := serve(":"+strconv.Itoa(int(port)), h.serviceHandler(s))
	if err != nil {
		h.log.Error("load balancers cannot ask for a service's endpoints on this node", "service", name, "healthCheckNodePort", port, "error", err)
		return
	}
	s.server = server
	h.svcs[name] = s
}

func (h *health) serviceHandler(s *serviceHealth) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h.mu.Lock()
		count, healthy := s.local, !h.last.IsZero()
		h.mu.Unlock()
		code := http.StatusOK
		if count == 0 || !healthy {
			code = http.StatusServiceUnavailable
		}
		w.Header().Set("X-Load-Balancing-Endpoint-Weight", strconv.Itoa(count))
		answer(w, code, map[string]any{
			"service":             map[string]string{"namespace": s.name.Namespace, "name": s.name.Name},
			"localEndpoints":      count,
			"serviceProxyHealthy": healthy,
		})
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func (h *health) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.node != nil {
		_ = h.node.Close()
	}
	for _, s := range h.svcs {
		_ = s.server.Close()
	}
}

// localReady counts a Service's ready pods on the node: addresses, not ports.
func localReady(list []*discoveryv1.EndpointSlice, node string) int {
	addrs := map[netip.Addr]bool{}
	for _, slice := range list {
		for i := range slice.Endpoints {
			if e, ok := readEndpoint(&slice.Endpoints[i], 0, node); ok && e.ready && e.local {
				addrs[e.addr.Addr()] = true
			}
		}
	}
	return len(addrs)
}
