package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// external is a cluster of etcd servers elsewhere.
type external struct {
	client *clientv3.Client
	prefix string
	reads  *coalescer
}

// dialExternal returns once the servers have answered.
func dialExternal(ctx context.Context, c Config) (_ *external, err error) {
	cfg := clientv3.Config{
		Endpoints:            c.Endpoints,
		DialKeepAliveTime:    30 * time.Second,
		DialKeepAliveTimeout: 10 * time.Second,
		Logger:               zap.New(slogCore{}),
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
		})},
	}
	if info := c.tlsInfo(); !info.Empty() || info.TrustedCAFile != "" {
		if cfg.TLS, err = info.ClientConfig(); err != nil {
			return nil, fmt.Errorf("the certificate files for etcd cannot be used: %w", err)
		}
	}
	client, err := clientv3.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("cannot reach etcd at %s: %w", strings.Join(c.Endpoints, ", "), err)
	}
	e := &external{client: client, prefix: c.Prefix}
	e.reads = newCoalescer(e.ask)
	if err := e.answers(ctx, cfg.TLS); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// ask reads a key that is not there, for the revision of the answer.
func (e *external) ask(ctx context.Context) (int64, error) {
	response, err := e.client.Get(ctx, e.prefix+"/", clientv3.WithCountOnly())
	if err != nil {
		return 0, fmt.Errorf("no answer from etcd at %s: %w", strings.Join(e.client.Endpoints(), ", "), err)
	}
	return response.Header.Revision, nil
}

// firstAnswer is how long servers elsewhere may take for it.
const firstAnswer = 5 * time.Second

// answers waits for the first answer. The client itself says only that there
// was none in time; why is found by calling the servers as it does.
func (e *external) answers(ctx context.Context, cfg *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, firstAnswer)
	defer cancel()
	_, err := e.ask(ctx)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	for _, endpoint := range e.client.Endpoints() {
		if why := call(endpoint, cfg); why != nil {
			return fmt.Errorf("no answer from etcd at %s: %w", endpoint, why)
		}
	}
	return err
}

// call connects to an endpoint, and hears whether it hangs up at once: a
// server that wants another certificate says so after its greeting.
func call(endpoint string, cfg *tls.Config) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return err
	}
	dialer := &net.Dialer{Timeout: time.Second}
	var conn net.Conn
	if u.Scheme == "https" {
		conn, err = tls.DialWithDialer(dialer, "tcp", u.Host, cfg)
	} else {
		conn, err = dialer.Dial("tcp", u.Host)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	if _, err = conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil // it listens
	}
	return err
}

func (e *external) current(ctx context.Context) (int64, error) { return e.reads.get(ctx) }

// failed is never closed: what has happened to a server elsewhere passes.
func (e *external) failed() (<-chan struct{}, error) { return nil, nil }

func (e *external) untilFailure(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

// overQuota is the business of the servers elsewhere.
func (e *external) overQuota() {}

func (e *external) close() { e.client.Close() }
