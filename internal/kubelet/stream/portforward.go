package stream

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/gorilla/websocket"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream/wsstream"
)

const (
	spdy            = "SPDY/3.1"
	forwardProtocol = "portforward.k8s.io"
	// tunnelProtocol carries a whole SPDY connection in WebSocket messages.
	tunnelProtocol = spdy + "+" + forwardProtocol
)

// ServePortForward connects a caller with the port-forward that the runtime
// serves at location.
func ServePortForward(w http.ResponseWriter, r *http.Request, location *url.URL) {
	if !wsstream.IsWebSocketRequestWithTunnelingProtocol(r) {
		proxy(w, r, location)
		return
	}
	backend, err := dialSPDY(r, location)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer backend.Close()
	upgrader := websocket.Upgrader{
		Subprotocols: []string{tunnelProtocol},
		CheckOrigin:  func(*http.Request) bool { return true }, // callers are authenticated, and no browsers
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	tunnel := portforward.NewTunnelingConnection("kubelet", ws)
	defer tunnel.Close()
	splice(tunnel, backend)
}

// splice copies both ways until either end has closed.
func splice(a, b net.Conn) {
	var both sync.WaitGroup
	one := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		to.Close()
		from.Close()
	}
	both.Go(func() { one(a, b) })
	both.Go(func() { one(b, a) })
	both.Wait()
}

// dialSPDY opens a connection to location and upgrades it to SPDY.
func dialSPDY(r *http.Request, location *url.URL) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(r.Context(), "tcp", location.Host)
	if err != nil {
		return nil, fmt.Errorf("the container runtime's streaming server: %w", err)
	}
	request := &http.Request{Method: http.MethodPost, URL: location, Host: location.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {spdy}, "X-Stream-Protocol-Version": {forwardProtocol}}}
	if err := request.Write(conn); err != nil {
		conn.Close()
		return nil, err
	}
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, request)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		conn.Close()
		return nil, fmt.Errorf("the container runtime refused to forward ports: %s: %s", response.Status, body)
	}
	return &buffered{conn, in}, nil
}

// buffered is a connection of which something may have been read already.
type buffered struct {
	net.Conn
	in *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.in.Read(p) }
