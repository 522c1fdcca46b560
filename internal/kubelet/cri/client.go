// Package cri speaks to the container runtime: the gRPC client, the names and
// labels that tie containers to pods, the configuration of sandboxes and
// containers, and the observation of what runs.
//
// It owns the translation between pods and CRI and nothing else: it decides
// nothing, keeps no state between calls but a cache of immutable statuses, and
// never talks to the API server.
package cri

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// maxMessage is the largest CRI message: a listing of a full node fits well.
const maxMessage = 16 << 20

// Client is a CRI endpoint: the runtime and the image service of one socket.
type Client struct {
	runtimeapi.RuntimeServiceClient
	Images runtimeapi.ImageServiceClient

	conn *grpc.ClientConn
}

// Dial returns a client of the CRI endpoint at a unix socket. It connects on
// first use and again whenever the runtime comes back, so it never fails
// because the runtime is down.
func Dial(endpoint string) (*Client, error) {
	path := strings.TrimPrefix(endpoint, "unix://")
	retry := backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second}
	conn, err := grpc.NewClient("unix://"+path,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: 3 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("container runtime endpoint %q: %w", endpoint, err)
	}
	return &Client{
		RuntimeServiceClient: runtimeapi.NewRuntimeServiceClient(conn),
		Images:               runtimeapi.NewImageServiceClient(conn),
		conn:                 conn,
	}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }
