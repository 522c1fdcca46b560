package main

import (
	"context"
	"fmt"
	"time"

	"skiff/test/bench/standalone"
)

// empty is the server as it starts; it also makes what the pods need.
func empty(ctx context.Context, b *bench) (*sample, error) {
	if err := pause(ctx); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("ready in %s, anonymous %.0f MB", duration(b.Ready), b.Memory("RssAnon"))
	for path, body := range map[string]string{
		"/api/v1/namespaces":                         `{"metadata":{"name":"spare"}}`,
		"/api/v1/namespaces/default/serviceaccounts": `{"metadata":{"name":"default"}}`,
	} {
		if _, err := b.clients[0].Do(ctx, standalone.Request{Method: "POST", Path: path, ContentType: jsonType, Body: []byte(body)}); err != nil {
			return nil, err
		}
	}
	_, err := b.clients[0].Do(ctx, standalone.Request{Method: "POST", Path: "/api/v1/namespaces/spare/serviceaccounts", ContentType: jsonType,
		Body: []byte(`{"metadata":{"name":"default"}}`)})
	return &sample{note: note}, err
}

// settle is how long memory is given to come to rest.
const settle = 6 * time.Second

func pause(ctx context.Context) error {
	select {
	case <-time.After(settle):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settled is the server some time after the load.
func settled(ctx context.Context, b *bench) (*sample, error) {
	if err := pause(ctx); err != nil {
		return nil, err
	}
	return &sample{note: fmt.Sprintf("anonymous %.0f MB", b.Memory("RssAnon"))}, nil
}
