package http2server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"skiff/internal/http2server"
)

// start serves a handler over HTTP/2, and returns a client of it.
func start(t *testing.T, h http.HandlerFunc, options ...func(*http.Server)) (*httptest.Server, *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, o := range options {
		o(s.Config)
	}
	http2server.Configure(s.Config)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, s.Client()
}

func answer(t *testing.T, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRequestAsTheHandlerSeesIt(t *testing.T) {
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s %d %q %v %v", r.Method, r.RequestURI, r.Proto, r.Host, r.ContentLength, r.Header["X-A"], r.TLS != nil, r.RemoteAddr != "")
		if r.Context().Value(http.ServerContextKey) == nil || r.Context().Value(http.LocalAddrContextKey) == nil {
			t.Error("the context lacks the server or the address")
		}
		if _, ok := r.Header["Host"]; ok {
			t.Error("Host is not a header field")
		}
	})
	r := request(t, "PUT", s.URL+"/a%20b?c=d", strings.NewReader("12345"))
	r.Header["X-A"] = []string{"1", "2"}
	resp, body := answer(t, c, r)
	want := fmt.Sprintf(`PUT /a%%20b?c=d HTTP/2.0 %s 5 ["1" "2"] true true`, s.Listener.Addr())
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 || resp.ContentLength != int64(len(want)) ||
		resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.Header.Get("Date") == "" {
		t.Errorf("%s %s %d %v", resp.Proto, resp.Status, resp.ContentLength, resp.Header)
	}
}

// What net/http's own server answers, this one answers.
func TestAnswersAsNetHTTPDoes(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"no content":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"not changed": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) },
		"text":        func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") },
		"long":        func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("hello", 5000)) },
		"many writes": func(w http.ResponseWriter, _ *http.Request) {
			for range 3000 {
				_, _ = io.WriteString(w, "hello")
			}
		},
		"flushed": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "he")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "llo")
		},
		"flushed first": func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() },
		"length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
		},
		"long, with its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "25000")
			_, _ = io.WriteString(w, strings.Repeat("hello", 5000))
			w.(http.Flusher).Flush()
		},
		"long, with its length, in parts": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "50001")
			for range 2 {
				_, _ = io.WriteString(w, strings.Repeat("hello", 5000))
			}
			_, _ = io.WriteString(w, "!")
		},
		"long, with its length and trailers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "25000")
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, strings.Repeat("hello", 5000))
			w.Header().Set("X-Sum", "5")
		},
		"fields": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["X-Many"] = []string{"1", "2"}
			w.Header().Set("Connection", "keep-alive")
			w.Header()["Bad Name"] = []string{"1"}
			w.Header().Set("X-Bad", "a\nb")
			w.Header().Set("Content-Type", "a/b")
			w.WriteHeader(418)
			w.Header().Set("X-Late", "no")
			_, _ = io.WriteString(w, "hello")
		},
		"trailers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Unset")
			_, _ = io.WriteString(w, "hello")
			w.Header().Set("X-Sum", "5")
			w.Header().Set(http.TrailerPrefix+"X-Other", "6")
		},
		"large header": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Large", strings.Repeat("x", 60000)) },
	}
	var h http.HandlerFunc
	ours, c := start(t, func(w http.ResponseWriter, r *http.Request) { h(w, r) })
	theirs := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(w, r) }))
	theirs.EnableHTTP2 = true
	theirs.StartTLS()
	defer theirs.Close()
	for name, handler := range handlers {
		h = handler
		for _, method := range []string{"GET", "HEAD"} {
			got, body := answer(t, c, request(t, method, ours.URL, nil))
			want, wantBody := answer(t, theirs.Client(), request(t, method, theirs.URL, nil))
			got.Header.Del("Date")
			want.Header.Del("Date")
			if got.StatusCode != want.StatusCode || body != wantBody || got.ContentLength != want.ContentLength ||
				fmt.Sprint(got.Header) != fmt.Sprint(want.Header) || fmt.Sprint(got.Trailer) != fmt.Sprint(want.Trailer) {
				t.Errorf("%s %s: got %s, %d, %v, %v, %.20q; want %s, %d, %v, %v, %.20q", method, name,
					got.Status, got.ContentLength, got.Header, got.Trailer, body, want.Status, want.ContentLength, want.Header, want.Trailer, wantBody)
			}
		}
	}
}

func TestLargeBodiesBothWays(t *testing.T) {
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<19) // 8 MB
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			resp, err := c.Post(s.URL, "", bytes.NewReader(data))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes of %d came back, %v", len(got), len(data), err)
			}
		})
	}
	all.Wait()
}

func TestTrailersOfARequest(t *testing.T) {
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.Trailer.Get("X-Sum"))
	})
	r := request(t, "POST", s.URL, io.NopCloser(strings.NewReader("body")))
	r.Trailer = http.Header{"X-Sum": {"5"}}
	if _, body := answer(t, c, r); body != "5" {
		t.Errorf("the trailer came as %q", body)
	}
}

func TestContinue(t *testing.T) {
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.Copy(w, r.Body)
	})
	tr := s.Client().Transport.(*http.Transport).Clone()
	tr.ExpectContinueTimeout = time.Minute // longer than the test
	for path, want := range map[string]string{"/yes": "200 body", "/no": "403 "} {
		r := request(t, "POST", s.URL+path, strings.NewReader("body"))
		r.Header.Set("Expect", "100-continue")
		resp, body := answer(t, &http.Client{Transport: tr}, r)
		if got := fmt.Sprint(resp.StatusCode, " ", body); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestHandlersThatFail(t *testing.T) {
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("oh")
		case "/abort":
			_, _ = io.WriteString(w, "some")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/short":
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "four")
		case "/long":
			w.Header().Set("Content-Length", "3")
			if _, err := io.WriteString(w, "four"); !errors.Is(err, http.ErrContentLength) {
				t.Errorf("more than the Content-Length: %v", err)
			}
		}
	})
	for _, path := range []string{"/panic", "/abort", "/short", "/long"} {
		resp, err := c.Get(s.URL + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%s looks complete", path)
		}
	}
	if resp, _ := answer(t, c, request(t, "GET", s.URL, nil)); resp.StatusCode != 200 {
		t.Error("the connection did not survive")
	}
}

func TestClientsThatGoAreNoticed(t *testing.T) {
	ended := make(chan error, 1)
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		for { // the writes must fail, whatever is buffered
			if _, err := w.Write(make([]byte, 5000)); err != nil {
				ended <- err
				return
			}
		}
	})
	for name, leave := range map[string]func(cancel func()){
		"by cancelling":       func(cancel func()) { cancel() },
		"with the connection": func(func()) { s.CloseClientConnections() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
		c := &http.Client{Transport: s.Client().Transport.(*http.Transport).Clone()}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		leave(cancel)
		if err := <-ended; err == nil {
			t.Errorf("%s: writing goes on", name)
		}
		resp.Body.Close()
		cancel()
	}
}

// A handler that ends without reading its request has the client stop
// sending it.
func TestUnreadBodies(t *testing.T) {
	s, c := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "no, thank you") })
	for range 30 { // together more than the connection's window
		_, body := answer(t, c, request(t, "POST", s.URL, bytes.NewReader(make([]byte, 500<<10))))
		if body != "no, thank you" {
			t.Fatalf("%q", body)
		}
	}
}

func TestDeadlines(t *testing.T) {
	read, written := make(chan error, 1), make(chan error, 1)
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(rc.EnableFullDuplex(), rc.SetReadDeadline(time.Now().Add(time.Hour)), rc.SetReadDeadline(time.Time{}), rc.SetReadDeadline(time.Now())); err != nil {
			t.Error(err)
		}
		_, err := r.Body.Read(make([]byte, 1))
		read <- err
		if err := rc.SetWriteDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Error(err)
		}
		for err = nil; err == nil; {
			_, err = w.Write(make([]byte, 1<<20)) // more than the client's window
		}
		written <- err
	})
	body, w := io.Pipe()
	defer w.Close()
	resp, err := c.Do(request(t, "POST", s.URL, body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for name, one := range map[string]chan error{"reading": read, "writing": written} {
		if err := <-one; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s ends with %v", name, err)
		}
	}
}

// Many streams on some connections each get every event, in order.
func TestManyWatchers(t *testing.T) {
	const conns, each, events = 4, 250, 10
	var all sync.WaitGroup
	feeds, mu := []chan int{}, sync.Mutex{}
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "HEAD" {
			return
		}
		feed := make(chan int, events)
		mu.Lock()
		feeds = append(feeds, feed)
		mu.Unlock()
		w.(http.Flusher).Flush()
		for n := range feed {
			fmt.Fprintf(w, "%d %s\n", n, strings.Repeat("x", 1000))
			w.(http.Flusher).Flush()
		}
	})
	var opened sync.WaitGroup
	opened.Add(conns * each)
	for range conns {
		c := &http.Client{Transport: s.Client().Transport.(*http.Transport).Clone()}
		defer c.CloseIdleConnections()
		answer(t, c, request(t, "HEAD", s.URL, nil)) // or each of them would connect
		for range each {
			all.Go(func() {
				resp, err := c.Get(s.URL)
				opened.Done()
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				lines := strings.Split(strings.TrimSpace(string(text)), "\n")
				if err != nil || len(lines) != events {
					t.Errorf("%d events of %d, %v", len(lines), events, err)
				}
				for i, line := range lines {
					if n, _, _ := strings.Cut(line, " "); n != fmt.Sprint(i) {
						t.Errorf("event %d is %s", i, n)
						return
					}
				}
			})
		}
	}
	opened.Wait()
	mu.Lock()
	for n := range events {
		for _, f := range feeds {
			f <- n
		}
	}
	for _, f := range feeds {
		close(f)
	}
	mu.Unlock()
	all.Wait()
}

// A stream whose client does not read stops at its window, and holds up
// nobody.
func TestSlowReader(t *testing.T) {
	var written atomic.Int64
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			return
		}
		for {
			n, err := w.Write(make([]byte, 32<<10))
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	slow, err := c.Get(s.URL + "/slow")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	for last := int64(-1); last != written.Load(); { // until it stands still
		last = written.Load()
		for range 50 {
			answer(t, c, request(t, "GET", s.URL, nil))
		}
	}
	if n := written.Load(); n > 8<<20 {
		t.Errorf("%d bytes went to a client that reads none", n)
	}
}

func TestShutdownAnswersWhatIsUnderWay(t *testing.T) {
	entered, leave := make(chan struct{}, 3), make(chan struct{})
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		entered <- struct{}{}
		<-leave
		_, _ = io.WriteString(w, "done")
	})
	bodies := make(chan string)
	for range 2 {
		go func() {
			resp, err := c.Get(s.URL)
			if err != nil {
				bodies <- err.Error()
				return
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			bodies <- fmt.Sprint(string(text), err)
		}()
		<-entered
	}
	p := connect(t, s) // it sees when the shutdown has begun
	p.ask(1, true)
	<-entered
	ended := make(chan error)
	go func() { ended <- s.Config.Shutdown(t.Context()) }()
	for _, want := range []string{"1 200", "GOAWAY NO_ERROR", `PING "good bye"`} {
		if got := p.outcome(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	_ = p.WritePing(true, [8]byte([]byte("good bye")))
	if got := p.outcome(); got != "GOAWAY NO_ERROR" {
		t.Errorf("got %s, want the last stream", got)
	}
	p.ask(3, true) // nobody will answer
	select {
	case err := <-ended:
		t.Errorf("the server ended before its requests: %v", err)
	default:
	}
	close(leave)
	for range 2 {
		if text := <-bodies; text != "done<nil>" {
			t.Errorf("a request under way ended with %s", text)
		}
	}
	if f, err := p.ReadFrame(); err != nil || f.Header().StreamID != 1 {
		t.Errorf("got %v, %v, want the rest of the answer", f, err)
	}
	if got := p.outcome(); got != "EOF" {
		t.Errorf("got %s, want the end", got)
	}
	p.conn.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := c.Get(s.URL); err == nil {
		t.Error("it still answers")
	}
}

func TestConnState(t *testing.T) {
	states := make(chan http.ConnState, 20)
	s, c := start(t, func(http.ResponseWriter, *http.Request) {}, func(s *http.Server) {
		s.ConnState = func(_ net.Conn, state http.ConnState) { states <- state }
	})
	expect := func(wanted ...http.ConnState) {
		t.Helper()
		for _, want := range wanted {
			if got := <-states; got != want {
				t.Errorf("the state is %v, not %v", got, want)
			}
		}
	}
	answer(t, c, request(t, "GET", s.URL, nil))
	expect(http.StateNew, http.StateActive, http.StateIdle)
	answer(t, c, request(t, "GET", s.URL, nil))
	expect(http.StateActive, http.StateIdle)
	c.CloseIdleConnections()
	expect(http.StateClosed)
}

func TestIdleConnectionsEnd(t *testing.T) {
	gone := make(chan struct{})
	s, c := start(t, func(http.ResponseWriter, *http.Request) {}, func(s *http.Server) {
		s.IdleTimeout = 50 * time.Millisecond
		s.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				close(gone)
			}
		}
	})
	answer(t, c, request(t, "GET", s.URL, nil))
	<-gone
}

func TestTransportOfXNet(t *testing.T) {
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	tr := &http2.Transport{TLSClientConfig: s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	defer tr.CloseIdleConnections()
	if _, body := answer(t, &http.Client{Transport: tr}, request(t, "POST", s.URL, strings.NewReader("hello"))); body != "hello" {
		t.Errorf("%q", body)
	}
}

func TestCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	text := strings.Repeat("0123456789", 300_000)
	cmd := exec.CommandContext(t.Context(), "curl", "-sSk", "--http2", "-w", "%{http_version} %{http_code}", "--data-binary", "@-", s.URL)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != text+"2 200" {
		t.Errorf("%v: %d bytes, %.200s", err, len(out), out[max(0, len(out)-200):])
	}
}

// Over HTTP/1.1 net/http goes on as ever.
func TestHTTP1(t *testing.T) {
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	tr := s.Client().Transport.(*http.Transport).Clone()
	tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
	tr.ForceAttemptHTTP2, tr.TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
	if _, body := answer(t, &http.Client{Transport: tr}, request(t, "GET", s.URL, nil)); body != "HTTP/1.1" {
		t.Errorf("%q", body)
	}
}
