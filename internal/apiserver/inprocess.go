package apiserver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/authn"
)

// Client is how a component in this process reaches the server as user: with
// client-go's own clients, but without a connection, TLS or authentication.
// Authorization and admission are those of every request. Upgrades (exec,
// attach, port-forward, WebSocket) need a connection and are refused.
func (s *Server) Client(user *authn.User) *rest.Config {
	return &rest.Config{
		Host:      "https://kubernetes.default.svc",
		Transport: &inProcess{s: s, user: user},
		UserAgent: "skiff",
		QPS:       -1, // the server is the one to limit
	}
}

// inProcess is an http.RoundTripper that calls the handler.
type inProcess struct {
	s    *Server
	user *authn.User
}

// RoundTrip runs the handler until it writes its header, and lets it go on
// while the caller reads the body.
func (t *inProcess) RoundTrip(out *http.Request) (*http.Response, error) {
	if out.Header.Get("Upgrade") != "" {
		return nil, errors.New("an in-process client cannot upgrade its connection: it has none")
	}
	ctx, cancel := context.WithCancel(authn.WithUser(out.Context(), t.user))
	in := out.Clone(ctx)
	in.RequestURI = out.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	in.Host = out.URL.Host
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/2.0", 2, 0
	if in.Body == nil {
		in.Body = http.NoBody
	}
	a := newPipedAnswer(cancel)
	go func() {
		defer cancel()
		defer in.Body.Close()
		defer a.end()
		t.s.handler.ServeHTTP(a, in)
	}()
	select {
	case <-a.started:
	case <-ctx.Done():
		// The handler may have answered in the very moment.
		select {
		case <-a.started:
		default:
			_ = a.Close()
			return nil, ctx.Err()
		}
	}
	resp := a.response(out)
	if err := out.Context().Err(); err != nil && resp.StatusCode >= http.StatusInternalServerError {
		_ = a.Close()
		return nil, err // the answer only says that the request was broken off
	}
	return resp, nil
}

// maxPiped is how much of an answer waits for its reader before the handler
// has to.
const maxPiped = 256 << 10

// pipedAnswer is a ResponseWriter for the handler and a Body for the client.
type pipedAnswer struct {
	header  http.Header
	started chan struct{} // closes when the header is written
	cancel  func()

	mu      sync.Mutex
	changed sync.Cond // of what follows
	code    int
	sent    http.Header // header as it was when written
	data    []byte
	at      int   // of data: what is read
	err     error // what the reader finds behind data
	closed  bool  // the reader has gone
}

func newPipedAnswer(cancel func()) *pipedAnswer {
	a := &pipedAnswer{header: http.Header{}, started: make(chan struct{}), cancel: cancel}
	a.changed.L = &a.mu
	return a
}

func (a *pipedAnswer) Header() http.Header { return a.header }

func (a *pipedAnswer) WriteHeader(code int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.start(code)
}

func (a *pipedAnswer) start(code int) {
	if a.code != 0 || code < 200 {
		return
	}
	a.code, a.sent = code, a.header.Clone()
	close(a.started)
}

// Write waits while much is unread.
func (a *pipedAnswer) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.start(http.StatusOK)
	for len(a.data)-a.at > maxPiped && !a.closed {
		a.changed.Wait()
	}
	if a.closed {
		return 0, io.ErrClosedPipe
	}
	if a.at > 0 && a.at == len(a.data) {
		a.data, a.at = a.data[:0], 0
	}
	a.data = append(a.data, b...)
	a.changed.Broadcast()
	return len(b), nil
}

// Flush has nothing to do: a reader sees what is written at once.
func (a *pipedAnswer) Flush() {}

// end runs when the handler has returned, or panicked.
func (a *pipedAnswer) end() {
	err := io.EOF
	if p := recover(); p != nil {
		err = io.ErrUnexpectedEOF // http.ErrAbortHandler; others end in a Status
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.start(http.StatusOK)
	a.err = err
	a.changed.Broadcast()
}

// Read waits for the handler to write, or to end.
func (a *pipedAnswer) Read(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.at == len(a.data) && a.err == nil && !a.closed {
		a.changed.Wait()
	}
	if a.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if a.at == len(a.data) {
		return 0, a.err
	}
	n := copy(b, a.data[a.at:])
	a.at += n
	a.changed.Broadcast()
	return n, nil
}

// Close tells the handler that nobody reads on.
func (a *pipedAnswer) Close() error {
	a.cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.data, a.at = nil, 0
	a.changed.Broadcast()
	return nil
}

func (a *pipedAnswer) response(out *http.Request) *http.Response {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &http.Response{
		Status: http.StatusText(a.code), StatusCode: a.code,
		Proto: "HTTP/2.0", ProtoMajor: 2,
		Header: a.sent, Body: a, ContentLength: -1, Request: out,
	}
}
