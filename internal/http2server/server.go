package http2server

import (
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

// Configure has an http.Server answer HTTP/2 by this package. Of the server's
// settings these count: BaseContext and ConnContext, Handler, ErrorLog,
// ConnState, IdleTimeout, MaxHeaderBytes, and in HTTP2 the limits of streams,
// frames and received data, and the ping timeouts. ConnState is called under a
// lock and must not wait. A request's time is its handler's concern
// (http.ResponseController): ReadTimeout and WriteTimeout do not count.
//
// Call it once, before the server starts.
func Configure(server *http.Server) {
	s := &sessions{}
	if server.TLSNextProto == nil {
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	server.TLSNextProto["h2"] = s.serve
	server.RegisterOnShutdown(s.shutdown)
}

// sessions are the connections of a server.
type sessions struct {
	mu     sync.Mutex
	open   map[*conn]struct{}
	ending bool
}

// serve answers one connection until it ends; net/http then closes it.
func (s *sessions) serve(server *http.Server, t *tls.Conn, h http.Handler) {
	c := newConn(server, t, h)
	s.mu.Lock()
	if s.open == nil {
		s.open = map[*conn]struct{}{}
	}
	s.open[c] = struct{}{}
	ending := s.ending
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, c)
	}()
	if ending {
		c.shutdown()
	}
	c.serve()
}

// shutdown lets every connection end what is under way, and then itself.
func (s *sessions) shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
	for c := range s.open {
		c.shutdown()
	}
}

// limits are what a connection grants its client.
type limits struct {
	streams      int           // open at a time, and handlers running
	frame        uint32        // largest payload accepted
	connWindow   int64         // bytes of bodies not yet read, of all streams
	streamWindow int64         // ... of one
	headerList   uint32        // size of a request's header, as RFC 9113 counts it
	idle         time.Duration // without a request; 0 is for ever
	pingAfter    time.Duration // of silence; 0 is never
	pingAnswer   time.Duration
}

func limitsOf(s *http.Server) limits {
	l := limits{streams: 250, frame: 1 << 20, connWindow: 1 << 20, streamWindow: 1 << 20, pingAnswer: 15 * time.Second}
	l.headerList = http.DefaultMaxHeaderBytes
	if s.MaxHeaderBytes > 0 {
		l.headerList = uint32(s.MaxHeaderBytes)
	}
	l.headerList += 32 * 10 // as if ten fields were meant: MaxHeaderBytes does not count 32 for each
	if l.idle = s.IdleTimeout; l.idle == 0 {
		l.idle = s.ReadTimeout
	}
	h := s.HTTP2
	if h == nil {
		return l
	}
	l.pingAfter = h.SendPingTimeout
	set(&l.streams, h.MaxConcurrentStreams)
	set(&l.frame, uint32(h.MaxReadFrameSize))
	set(&l.connWindow, int64(h.MaxReceiveBufferPerConnection))
	set(&l.streamWindow, int64(h.MaxReceiveBufferPerStream))
	set(&l.pingAnswer, h.PingTimeout)
	l.frame = min(max(l.frame, minMaxFrame), 1<<24-1)
	l.connWindow = min(max(l.connWindow, initialWindow), maxWindow)
	l.streamWindow = min(l.streamWindow, maxWindow)
	return l
}

func set[T int | int64 | uint32 | time.Duration](to *T, v T) {
	if v > 0 {
		*to = v
	}
}
