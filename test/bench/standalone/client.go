package standalone

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Client sends requests over one HTTP/2 connection.
type Client struct {
	url  string
	http *http.Client
}

// Request is what is sent; the method is GET when empty.
type Request struct {
	Method, Path string
	Accept       string
	Encoding     string // of the answer
	ContentType  string
	Body         []byte
}

// Send sends a request and returns the answer, whose body the caller closes.
func (c *Client) Send(ctx context.Context, r Request) (*http.Response, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, c.url+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"Accept": r.Accept, "Accept-Encoding": r.Encoding, "Content-Type": r.ContentType} {
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
		return nil, &Refused{r.Method, r.Path, resp.StatusCode, string(text)}
	}
	return resp, nil
}

// Refused is an answer that is not a success.
type Refused struct {
	Method, Path string
	Status       int
	Text         string // the beginning of the body
}

func (e *Refused) Error() string {
	return fmt.Sprintf("%s %s: %d: %s", e.Method, e.Path, e.Status, e.Text)
}

// Close ends the connection.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do sends a request and returns how many bytes the answer has.
func (c *Client) Do(ctx context.Context, r Request) (int64, error) {
	resp, err := c.Send(ctx, r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return io.Copy(io.Discard, resp.Body)
}

// Read sends a request and returns the answer's body.
func (c *Client) Read(ctx context.Context, r Request) ([]byte, error) {
	resp, err := c.Send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Allocated is how many bytes the server's Go heap has handed out so far.
func (c *Client) Allocated(ctx context.Context) (float64, error) {
	resp, err := c.Send(ctx, Request{Path: "/metrics"})
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

// Save writes what the server answers to a file. A profile that cannot be had
// is no reason to measure nothing.
func (c *Client) Save(ctx context.Context, path, name string) {
	resp, err := c.Send(ctx, Request{Path: path})
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if f, err := os.Create(name); err == nil {
		_, _ = f.ReadFrom(resp.Body)
		_ = f.Close()
	}
}
