package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/kubelet/lifecycle"
)

func port(t *testing.T, address string) int {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(p)
	return n
}

func TestHTTP(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			if r.Header.Get("User-Agent") != userAgent || r.Host != "name" || r.Header.Get("X-A") != "b" || r.URL.RawQuery != "q=1" {
				w.WriteHeader(http.StatusTeapot)
			}
		case "/away":
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		case "/home":
			http.Redirect(w, r, "/bad", http.StatusFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for _, c := range []struct {
		server *httptest.Server
		path   string
		want   string
	}{
		{plain, "/ok?q=1", ""},
		{secure, "/ok?q=1", ""},
		{plain, "/bad", "HTTP probe failed with statuscode: 500"},
		{plain, "/away", ""},
		{plain, "/home", "HTTP probe failed with statuscode: 500"},
	} {
		u, _ := url.Parse(c.server.URL)
		p := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: c.path, Port: intstr.FromString("web"), Scheme: corev1.URIScheme(strings.ToUpper(u.Scheme)),
			HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "name"}, {Name: "X-A", Value: "b"}}}}}
		to := target{ip: "127.0.0.1", container: &corev1.Container{Name: "c", Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: int32(port(t, u.Host))}}}}
		err := attempt(context.Background(), nil, to, p)
		if got := text(err); got != c.want {
			t.Errorf("%s %s: %q, want %q", u.Scheme, c.path, got, c.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(port(t, l.Addr().String())))}}}
	to := target{ip: "127.0.0.1", container: &corev1.Container{}}
	if err := attempt(context.Background(), nil, to, p); err != nil {
		t.Errorf("open: %v", err)
	}
	l.Close()
	if err := attempt(context.Background(), nil, to, p); err == nil {
		t.Error("a closed port is open")
	}
}

func TestGRPC(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, states := grpc.NewServer(), health.NewServer()
	healthv1.RegisterHealthServer(server, states)
	states.SetServingStatus("bad", healthv1.HealthCheckResponse_NOT_SERVING)
	go server.Serve(l)
	defer server.Stop()
	for service, want := range map[string]string{"": "", "bad": `service unhealthy (responded with "NOT_SERVING")`} {
		p := &corev1.Probe{TimeoutSeconds: 5, ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: int32(port(t, l.Addr().String())), Service: &service}}}
		if got := text(attempt(context.Background(), nil, target{ip: "127.0.0.1"}, p)); got != want {
			t.Errorf("%q: %q, want %q", service, got, want)
		}
	}
}

// scene is a container with probes whose command answers as the test wants.
type scene struct {
	m        *Manager
	pod      *corev1.Pod
	seen     lifecycle.Observed
	fails    atomic.Bool
	attempts atomic.Int32
	events   atomic.Int32
}

func newScene(ctx context.Context, c corev1.Container) *scene {
	s := &scene{}
	c.Name = "c"
	s.pod = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Spec: corev1.PodSpec{Containers: []corev1.Container{c}}}
	s.seen.Containers = []lifecycle.Container{{ID: "id", Name: "c", State: lifecycle.Running, Started: time.Now()}}
	s.m = NewManager(ctx, Config{
		Exec: func(context.Context, string, []string, time.Duration) (int32, []byte, error) {
			s.attempts.Add(1)
			if s.fails.Load() {
				return 0, nil, errors.New("no")
			}
			return 0, nil, nil
		},
		Changed:   func(types.UID) {},
		Unhealthy: func(types.UID, string, string) { s.events.Add(1) },
	})
	return s
}

func (s *scene) health() lifecycle.Health { return s.m.Health("u")["id"] }

func command(period, failures, successes, delay int32) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"x"}}},
		PeriodSeconds: period, FailureThreshold: failures, SuccessThreshold: successes, InitialDelaySeconds: delay}
}

func play(t *testing.T, c corev1.Container, f func(*scene)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		s := newScene(ctx, c)
		defer func() { cancel(); s.m.Wait() }()
		f(s)
	})
}

func after(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestReadiness(t *testing.T) {
	play(t, corev1.Container{ReadinessProbe: command(10, 3, 2, 5)}, func(s *scene) {
		s.m.Sync(s.pod, s.seen)
		after(4 * time.Second)
		if s.attempts.Load() != 0 {
			t.Error("probed before the initial delay")
		}
		after(2 * time.Second)
		if s.health().Ready {
			t.Error("ready after one success of two")
		}
		after(10 * time.Second)
		if !s.health().Ready {
			t.Error("not ready after two")
		}
		s.fails.Store(true)
		after(20 * time.Second)
		if !s.health().Ready || s.events.Load() != 2 {
			t.Errorf("after two failures of three: %+v, %d events", s.health(), s.events.Load())
		}
		after(10 * time.Second)
		if s.health().Ready {
			t.Error("ready after three failures")
		}
		if got := s.attempts.Load(); got != 5 {
			t.Errorf("%d attempts, want one a period: 5", got)
		}
	})
}

func TestLivenessFailsOnce(t *testing.T) {
	play(t, corev1.Container{LivenessProbe: command(1, 2, 1, 0)}, func(s *scene) {
		s.fails.Store(true)
		s.m.Sync(s.pod, s.seen)
		after(3 * time.Second)
		if s.health().Failed != "liveness" {
			t.Errorf("health = %+v", s.health())
		}
		if got := s.attempts.Load(); got != 2 {
			t.Errorf("%d attempts, want 2: a container that is to be restarted is not probed on", got)
		}
	})
}

func TestStartupHoldsTheOthersBack(t *testing.T) {
	play(t, corev1.Container{StartupProbe: command(1, 10, 1, 0), ReadinessProbe: command(1, 1, 1, 0)}, func(s *scene) {
		s.fails.Store(true)
		s.m.Sync(s.pod, s.seen)
		after(3500 * time.Millisecond)
		if got := s.attempts.Load(); got != 4 || s.health().Started {
			t.Errorf("%d attempts, %+v; want 4 of the startup probe alone", got, s.health())
		}
		s.fails.Store(false)
		after(time.Second)
		if h := s.health(); !h.Started || !h.Ready {
			t.Errorf("health = %+v", h)
		}
	})
}

func TestStopsWithTheContainer(t *testing.T) {
	play(t, corev1.Container{ReadinessProbe: command(1, 1, 1, 0)}, func(s *scene) {
		s.m.Sync(s.pod, s.seen)
		after(1500 * time.Millisecond)
		s.m.Sync(s.pod, lifecycle.Observed{})
		before := s.attempts.Load()
		after(10 * time.Second)
		if s.attempts.Load() != before || len(s.m.pods) != 0 {
			t.Error("probed a container that does not run")
		}
	})
}

func TestRecoversReadiness(t *testing.T) {
	play(t, corev1.Container{ReadinessProbe: command(10, 3, 1, 0)}, func(s *scene) {
		yes := true
		s.pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", ContainerID: "containerd://id", Ready: true, Started: &yes}}
		s.fails.Store(true)
		s.m.Sync(s.pod, s.seen)
		after(15 * time.Second)
		if !s.health().Ready {
			t.Error("a restart of the kubelet made a ready container unready")
		}
	})
}
