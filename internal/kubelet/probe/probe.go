// Package probe asks containers whether they have started, live and are ready.
//
// Each probe of each running container has one goroutine, which sleeps for the
// probe's period between attempts. The package keeps what the probes say and
// tells when that changes; what follows from it is decided elsewhere.
package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	userAgent   = "kube-probe/1.37"
	maxBody     = 10 << 10 // bytes of an answer that are read
	maxRedirect = 10
)

// Exec runs a command in a container.
type Exec func(ctx context.Context, containerID string, command []string, timeout time.Duration) (code int32, output []byte, err error)

// target is what a probe is sent to.
type target struct {
	pod       *corev1.Pod
	container *corev1.Container
	main      bool   // not an init container
	id        string // of the container
	ip        string // of the pod
}

// attempt performs a probe once; nil is success, an error says what failed.
func attempt(ctx context.Context, exec Exec, t target, p *corev1.Probe) error {
	timeout := time.Duration(max(p.TimeoutSeconds, 1)) * time.Second
	switch {
	case p.Exec != nil:
		return execProbe(ctx, exec, t, p.Exec.Command, timeout)
	case p.HTTPGet != nil:
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return httpGet(ctx, t, p.HTTPGet)
	case p.TCPSocket != nil:
		return tcp(ctx, t, p.TCPSocket, timeout)
	case p.GRPC != nil:
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return grpcHealth(ctx, t, p.GRPC)
	}
	return errors.New("the probe has no handler")
}

func execProbe(ctx context.Context, exec Exec, t target, command []string, timeout time.Duration) error {
	code, output, err := exec(ctx, t.id, command, timeout)
	if err != nil {
		return err
	}
	if code != 0 {
		return errors.New(string(output[:min(len(output), maxBody)]))
	}
	return nil
}

// resolvePort turns a port's number or name into a number.
func resolvePort(c *corev1.Container, port intstr.IntOrString) (int, error) {
	n := port.IntValue()
	if port.Type == intstr.String {
		for _, p := range c.Ports {
			if p.Name == port.StrVal {
				n = int(p.ContainerPort)
			}
		}
	}
	if n <= 0 || n > 65535 {
		return 0, fmt.Errorf("container %q has no port %q", c.Name, port.String())
	}
	return n, nil
}

// request makes the request of an HTTP probe or hook.
func request(ctx context.Context, t target, h *corev1.HTTPGetAction) (*http.Request, error) {
	port, err := resolvePort(t.container, h.Port)
	if err != nil {
		return nil, err
	}
	host := h.Host
	if host == "" {
		host = t.ip
	}
	u, err := url.Parse(h.Path)
	if err != nil {
		u = &url.URL{Path: h.Path}
	}
	u.Scheme, u.Host = strings.ToLower(string(h.Scheme)), net.JoinHostPort(host, strconv.Itoa(port))
	if u.Scheme == "" {
		u.Scheme = "http"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept", "*/*")
	for _, header := range h.HTTPHeaders {
		switch {
		case strings.EqualFold(header.Name, "Host"):
			r.Host = header.Value
		case header.Value == "" && (strings.EqualFold(header.Name, "Accept") || strings.EqualFold(header.Name, "User-Agent")):
			r.Header.Del(header.Name)
		case strings.EqualFold(header.Name, "Accept"), strings.EqualFold(header.Name, "User-Agent"):
			r.Header.Set(header.Name, header.Value)
		default:
			r.Header.Add(header.Name, header.Value)
		}
	}
	return r, nil
}

// send sends a request over a connection of its own: what is asked is whether
// a new connection is answered. Certificates are not checked.
func send(r *http.Request) (*http.Response, []byte, error) {
	transport := &http.Transport{
		DisableKeepAlives:  true,
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the API says so of probes
	}
	client := &http.Client{Transport: transport, CheckRedirect: sameHost(r.URL.Hostname())}
	response, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return response, body, err
}

// sameHost follows redirects on one host; one that leads away is an answer.
func sameHost(host string) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		if r.URL.Hostname() != host {
			return http.ErrUseLastResponse
		}
		if len(via) >= maxRedirect {
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
}

func httpGet(ctx context.Context, t target, h *corev1.HTTPGetAction) error {
	r, err := request(ctx, t, h)
	if err != nil {
		return err
	}
	response, _, err := send(r)
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("HTTP probe failed with statuscode: %d", response.StatusCode)
	}
	return nil
}

// HTTPHook sends the request of a lifecycle hook.
func HTTPHook(ctx context.Context, pod *corev1.Pod, c *corev1.Container, h *corev1.HTTPGetAction) error {
	r, err := request(ctx, target{pod: pod, container: c, ip: pod.Status.PodIP}, h)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", "kube-lifecycle/1.37")
	response, _, err := send(r)
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("HTTP hook answered with status %d", response.StatusCode)
	}
	return nil
}

func tcp(ctx context.Context, t target, p *corev1.TCPSocketAction, timeout time.Duration) error {
	port, err := resolvePort(t.container, p.Port)
	if err != nil {
		return err
	}
	host := p.Host
	if host == "" {
		host = t.ip
	}
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return conn.Close()
}

func grpcHealth(ctx context.Context, t target, p *corev1.GRPCAction) error {
	address := net.JoinHostPort(t.ip, strconv.Itoa(int(p.Port)))
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUserAgent(userAgent))
	if err != nil {
		return err
	}
	defer conn.Close()
	service := ""
	if p.Service != nil {
		service = *p.Service
	}
	r, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{Service: service})
	if err != nil {
		return fmt.Errorf("health rpc failed: %w", err)
	}
	if r.Status != healthv1.HealthCheckResponse_SERVING {
		return fmt.Errorf("service unhealthy (responded with %q)", r.Status)
	}
	return nil
}
