package apiserver_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
)

func TestServeAnswersWhatIsUnderWay(t *testing.T) {
	t.Run("HTTP/1.1", func(t *testing.T) { answersWhatIsUnderWay(t, "http", nil, &http.Transport{}) })
	t.Run("HTTP/2", func(t *testing.T) {
		lender := httptest.NewTLSServer(nil) // of a certificate
		defer lender.Close()
		answersWhatIsUnderWay(t, "https", lender.TLS, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true})
	})
}

func answersWhatIsUnderWay(t *testing.T, scheme string, config *tls.Config, transport *http.Transport) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.Paths = map[string]http.Handler{"/slow": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-leave
			_, _ = io.WriteString(w, "done")
		})}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, config) }()

	ask := func(path string) (*http.Response, error) {
		r, _ := http.NewRequest("GET", scheme+"://"+l.Addr().String()+path, nil)
		r.Header.Set("Authorization", "Bearer admin")
		resp, err := (&http.Client{Transport: transport}).Do(r)
		if err == nil && (resp.ProtoMajor == 2) != (config != nil) {
			t.Errorf("the answer came over %s", resp.Proto)
		}
		return resp, err
	}
	watch, err := ask("/api/v1/pods?watch=1")
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Body.Close()
	body := make(chan string, 1)
	go func() {
		resp, err := ask("/slow")
		if err != nil {
			body <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		body <- string(text)
	}()
	<-entered
	cancel()
	if _, err := io.ReadAll(watch.Body); err != nil {
		t.Errorf("the watch does not end well: %v", err)
	}
	close(leave)
	if text := <-body; text != "done" {
		t.Errorf("the slow request got %q", text)
	}
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the server does not end")
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.Paths = map[string]http.Handler{"/panic": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })}
	})
	resp, body := raw(t, s.Admin(), "/panic", "")
	if resp.StatusCode != 500 || !strings.Contains(body, "this request caused the API server to panic: oh") {
		t.Errorf("%s: %s", resp.Status, body)
	}
}
