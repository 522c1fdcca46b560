package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming"
	streamingcommand "k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// echo is a runtime whose command answers what it was sent, and whose ports
// answer with their number.
type echo struct{}

type exitError struct{ code int }

func (e exitError) Error() string   { return fmt.Sprintf("exit code %d", e.code) }
func (e exitError) String() string  { return e.Error() }
func (e exitError) Exited() bool    { return true }
func (e exitError) ExitStatus() int { return e.code }

func (echo) Exec(_ context.Context, _ string, cmd []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan streamingcommand.TerminalSize) error {
	switch cmd[0] {
	case "cat":
		b, _ := io.ReadAll(in) // ends when the caller closes stdin
		fmt.Fprintf(out, "got %s", b)
		fmt.Fprint(errOut, "done")
	case "size":
		s := <-resize
		fmt.Fprintf(out, "%dx%d", s.Width, s.Height)
	case "fail":
		return exitError{7}
	}
	return nil
}

func (e echo) Attach(ctx context.Context, id string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan streamingcommand.TerminalSize) error {
	return e.Exec(ctx, id, []string{"cat"}, in, out, errOut, tty, resize)
}

func (echo) PortForward(_ context.Context, _ string, port int32, s io.ReadWriteCloser) error {
	b := make([]byte, 5)
	if _, err := io.ReadFull(s, b); err != nil {
		return err
	}
	fmt.Fprintf(s, "%s on %d", b, port)
	return s.Close()
}

// kubelet serves exec and port-forward in front of a runtime's server.
func kubelet(t *testing.T) *url.URL {
	t.Helper()
	config := streaming.DefaultConfig
	backend := httptest.NewUnstartedServer(nil)
	config.BaseURL = &url.URL{Scheme: "http", Host: backend.Listener.Addr().String()}
	server, err := streaming.NewServer(config, echo{})
	if err != nil {
		t.Fatal(err)
	}
	backend.Config.Handler = server
	backend.Start()
	t.Cleanup(backend.Close)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/portForward" {
			got, err := server.GetPortForward(&runtimeapi.PortForwardRequest{PodSandboxId: "s"})
			if err != nil {
				t.Error(err)
			}
			u, _ := url.Parse(got.GetUrl())
			ServePortForward(w, r, u)
			return
		}
		q := r.URL.Query()
		o := Options{Stdin: q.Has("stdin"), Stdout: true, Stderr: !q.Has("tty"), TTY: q.Has("tty")}
		got, err := server.GetExec(&runtimeapi.ExecRequest{ContainerId: "c", Cmd: q["command"], Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr, Tty: o.TTY})
		if err != nil {
			t.Error(err)
		}
		u, _ := url.Parse(got.GetUrl())
		ServeCommand(w, r, u, o)
	}))
	t.Cleanup(front.Close)
	u, _ := url.Parse(front.URL)
	return u
}

// executors are the two ways in which clients ask.
func executors(t *testing.T, u *url.URL) map[string]remotecommand.Executor {
	t.Helper()
	config := &rest.Config{Host: u.Host}
	ws, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, u.String())
	if err != nil {
		t.Fatal(err)
	}
	over, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, u)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]remotecommand.Executor{"websocket": ws, "spdy": over}
}

func with(u *url.URL, query string) *url.URL {
	c := *u
	c.Path, c.RawQuery = "/exec", query
	return &c
}

func TestStdinOutAndErr(t *testing.T) {
	for name, e := range executors(t, with(kubelet(t), "command=cat&stdin=1")) {
		var out, errOut bytes.Buffer
		err := e.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdin: strings.NewReader("hello"), Stdout: &out, Stderr: &errOut})
		if err != nil || out.String() != "got hello" || errOut.String() != "done" {
			t.Errorf("%s: %v, out %q, err %q", name, err, out.String(), errOut.String())
		}
	}
}

func TestExitCode(t *testing.T) {
	for name, e := range executors(t, with(kubelet(t), "command=fail")) {
		err := e.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: io.Discard, Stderr: io.Discard})
		if exit, ok := err.(utilexec.CodeExitError); !ok || exit.Code != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// once is a terminal that has one size.
type once struct{ sent bool }

func (o *once) Next() *remotecommand.TerminalSize {
	if o.sent {
		return nil
	}
	o.sent = true
	return &remotecommand.TerminalSize{Width: 80, Height: 24}
}

func TestResize(t *testing.T) {
	for name, e := range executors(t, with(kubelet(t), "command=size&tty=1&stdin=1")) {
		in, hold := io.Pipe()
		var out bytes.Buffer
		err := e.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdin: in, Stdout: &out, Tty: true, TerminalSizeQueue: &once{}})
		hold.Close()
		if err != nil || out.String() != "80x24" {
			t.Errorf("%s: %v, %q", name, err, out.String())
		}
	}
}

func TestPortForward(t *testing.T) {
	u := kubelet(t)
	u.Path = "/portForward"
	tunnel, err := portforward.NewSPDYOverWebsocketDialer(u, &rest.Config{Host: u.Host})
	if err != nil {
		t.Fatal(err)
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	defer close(stop)
	f, err := portforward.New(tunnel, []string{"0:8080"}, stop, ready, io.Discard, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	go f.ForwardPorts()
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatal("the tunnel did not come up")
	}
	ports, err := f.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, fmt.Sprintf("127.0.0.1:%d", ports[0].Local)); got != "hello on 8080" {
		t.Errorf("got %q", got)
	}
}

// ask says hello to an address and returns the answer.
func ask(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(conn)
	return string(b)
}
