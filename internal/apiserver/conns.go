package apiserver

import (
	"net"
	"net/http"
	"sync"
)

// conns knows which connections have a request under way. http.Server's own
// Shutdown looks only now and then whether any is left, and an idle HTTP/2
// client may take a second to leave; with this nobody waits.
type conns struct {
	mu     sync.Mutex
	active map[net.Conn]struct{}
	onIdle func() // called once, when none is active
}

// note is an http.Server's ConnState.
func (c *conns) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateActive {
		if c.active == nil {
			c.active = map[net.Conn]struct{}{}
		}
		c.active[conn] = struct{}{}
		return
	}
	delete(c.active, conn)
	c.tell()
}

// whenIdle calls f as soon as no connection has a request under way.
func (c *conns) whenIdle(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onIdle = f
	c.tell()
}

func (c *conns) tell() {
	if len(c.active) == 0 && c.onIdle != nil {
		go c.onIdle()
		c.onIdle = nil
	}
}
