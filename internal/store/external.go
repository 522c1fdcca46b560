package store

import (
	"context"
	"fmt"
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

func dialExternal(ctx context.Context, c Config) (*external, error) {
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
		tls, err := info.ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("the certificate files for etcd cannot be used: %w", err)
		}
		cfg.TLS = tls
	}
	client, err := clientv3.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("cannot reach etcd at %s: %w", strings.Join(c.Endpoints, ", "), err)
	}
	e := &external{client: client, prefix: c.Prefix}
	e.reads = newCoalescer(e.ask)
	return e, nil
}

// ask reads a key that is not there, for the revision of the answer.
func (e *external) ask(ctx context.Context) (int64, error) {
	response, err := e.client.Get(ctx, e.prefix+"/", clientv3.WithCountOnly())
	if err != nil {
		return 0, fmt.Errorf("no answer from %s: %w", strings.Join(e.client.Endpoints(), ", "), err)
	}
	return response.Header.Revision, nil
}

func (e *external) current(ctx context.Context) (int64, error) { return e.reads.get(ctx) }

// failed is never closed: what has happened to a server elsewhere passes.
func (e *external) failed() (<-chan struct{}, error) { return nil, nil }

func (e *external) untilFailure(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

// overQuota is the business of the servers elsewhere.
func (e *external) overQuota() {}

func (e *external) close() { e.client.Close() }
