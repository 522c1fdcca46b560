package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// client sends requests over one HTTP/2 connection.
type client struct {
	url  string
	http *http.Client
}

// request is what is sent; the method is GET when empty.
type request struct {
	method, path string
	accept       string
	encoding     string // of the answer
	contentType  string
	body         []byte
}

func (c *client) send(ctx context.Context, r request) (*http.Response, error) {
	if r.method == "" {
		r.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"Accept": r.accept, "Accept-Encoding": r.encoding, "Content-Type": r.contentType} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", r.method, r.path, resp.Status, text)
	}
	return resp, nil
}

// do sends a request and returns how many bytes the answer has.
func (c *client) do(ctx context.Context, r request) (int64, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return io.Copy(io.Discard, resp.Body)
}

// allocated is how many bytes the server's Go heap has handed out so far.
func (c *client) allocated(ctx context.Context) (float64, error) {
	resp, err := c.send(ctx, request{path: "/metrics"})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "go_memstats_alloc_bytes_total "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("/metrics has no go_memstats_alloc_bytes_total: %w", lines.Err())
}
