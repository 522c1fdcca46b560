package apiserver

import (
	"io"
	"time"

	"golang.org/x/net/websocket"
)

// watchOverWebSocket sends each event as a message of its own: text for JSON,
// binary for protobuf and CBOR.
func (x *exchange) watchOverWebSocket(run func(sink) error) error {
	server := websocket.Server{Handler: func(c *websocket.Conn) {
		defer c.Close()
		go func() {
			_, _ = io.Copy(io.Discard, c) // the client has nothing to say, but its end shows here
			_ = c.Close()
		}()
		if !x.media.Encoding.IsText() {
			c.PayloadType = websocket.BinaryFrame
		}
		_ = run(socketSink{c})
	}}
	server.ServeHTTP(x.w, x.r)
	return nil
}

type socketSink struct{ c *websocket.Conn }

func (s socketSink) send(frame []byte) error {
	_, err := s.c.Write(frame)
	return err
}

func (s socketSink) flush() error { return nil }

func (s socketSink) setDeadline(at time.Time) error { return s.c.SetWriteDeadline(at) }
