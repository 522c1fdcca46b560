package apiserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"skiff/internal/http2server"
)

// shutdownTime is how long requests under way may take to end when the server
// stops.
const shutdownTime = 10 * time.Second

// Serve answers requests from l until ctx ends, and returns when those under
// way are answered. The TLS configuration may be nil, for plain HTTP.
func (s *Server) Serve(ctx context.Context, l net.Listener, config *tls.Config) error {
	server, open := s.httpServer(), &conns{}
	server.ConnState = open.note
	if config != nil {
		config = config.Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
		// Small records at the start of a connection would show a browser
		// its page sooner; here they only make many of one watch event.
		config.DynamicRecordSizingDisabled = true
		l = tls.NewListener(http2server.Listener(l), config)
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		s.stop() // ends watches: Shutdown waits for every request
		left, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		open.whenIdle(cancel)
		if server.Shutdown(left) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(l)
	if stop() {
		return err // it ended by itself
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// httpServer is tuned for few connections with many streams each: a client
// multiplexes its watches and requests over one.
func (s *Server) httpServer() *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 32 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    1 << 20,
		Protocols:         protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          1000,
			MaxReadFrameSize:              256 << 10,
			MaxReceiveBufferPerConnection: 8 << 20,
			MaxReceiveBufferPerStream:     1 << 20,
			SendPingTimeout:               30 * time.Second,
			PingTimeout:                   15 * time.Second,
		},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	http2server.Configure(server)
	return server
}
