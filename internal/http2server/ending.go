package http2server

import (
	"errors"
	"io"
	"time"

	"golang.org/x/net/http2"
)

// endState says how far a connection has come in ending well (RFC 9113, 6.8):
// first the client is told to begin nothing more, and when it must have heard
// that, which of its requests was the last to be answered.
type endState int

const (
	running   endState = iota
	announced          // GOAWAY was sent, naming no last stream
	final              // GOAWAY was sent, naming the last stream
)

// farewell is the PING that goes with the first GOAWAY; its answer says that
// the client has read both.
var farewell = [8]byte{'g', 'o', 'o', 'd', ' ', 'b', 'y', 'e'}

// lastWords is how long a client has to answer that, and to close the
// connection itself.
const lastWords = time.Second

// shutdown answers what is under way, and then ends the connection.
func (c *conn) shutdown() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending != running {
		return
	}
	c.ending = announced
	if c.handlers == 0 {
		c.finish()
		return
	}
	b := c.out.frames()
	b.b = appendPing(appendGoAway(b.b, maxStreamID, http2.ErrCodeNo), farewell, false)
	c.flushAside()
	time.AfterFunc(lastWords, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.finish()
	})
}

// finish begins no more streams; when the last has ended, so does the
// connection.
func (c *conn) finish() {
	if c.ending == final || c.out.err != nil {
		return
	}
	c.ending = final
	b := c.out.frames()
	b.b = appendGoAway(b.b, c.last, http2.ErrCodeNo)
	c.flushAside()
}

// sayGoodbye ends a connection: with a word to the client if it is to blame,
// and not before it had the chance to read all. A connection that is closed while
// data comes in is reset, and the client loses what it has not read yet.
func (c *conn) sayGoodbye(err error) {
	var blame http2.ConnectionError
	c.mu.Lock()
	if errors.As(err, &blame) {
		if c.out.pending != nil && len(c.out.pending.b) > maxPending {
			c.out.pending.b = c.out.pending.b[:0] // it does not read them
		}
		c.ending = final
		b := c.out.frames()
		b.b = appendGoAway(b.b, c.last, http2.ErrCode(blame))
	}
	if c.ending != final || c.out.err != nil {
		c.mu.Unlock()
		return
	}
	_ = c.tls.SetWriteDeadline(time.Now().Add(lastWords))
	c.drain()
	c.mu.Unlock()
	_ = c.tls.CloseWrite()
	_ = c.tls.SetReadDeadline(time.Now().Add(lastWords))
	_, _ = io.CopyN(io.Discard, c.tls, 1<<20)
}

// drain waits until all is written.
func (c *conn) drain() {
	for c.out.err == nil && (c.out.pending != nil || c.out.writing) {
		if c.out.writing {
			c.out.room.Wait()
			continue
		}
		c.out.writing = true
		c.write(-1)
	}
}
