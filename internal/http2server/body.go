package http2server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"golang.org/x/net/http/httpguts"
)

var errBodyClosed = errors.New("http2: read of a request's body after it was closed")

// body is the body of a request: the reading goroutine adds to it what comes,
// within the stream's window, and the handler reads it. Its lock may be taken
// under the connection's, never the other way round.
type body struct {
	st *stream

	mu       sync.Mutex
	more     sync.Cond
	unread   []byte
	space    []byte // where unread lies
	err      error  // what follows when all is read
	closed   bool   // by the handler: nobody reads any more
	expected bool   // the client waits to be asked for it (100-continue)
	announce http.Header
	trailer  http.Header
}

func newBody(st *stream, expected bool, announced http.Header) *body {
	b := &body{st: st, expected: expected, announce: announced}
	b.more.L = &b.mu
	return b
}

// keptSpace is how much room a body keeps for what comes next.
const keptSpace = 64 << 10

// add appends data, and reports whether anyone is going to read it.
func (b *body) add(data []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.err != nil {
		return false
	}
	if len(b.unread)+len(data) > cap(b.unread) && len(b.unread) < cap(b.space)/2 {
		b.unread = append(b.space[:0], b.unread...) // to the front
	}
	grown := cap(b.unread)
	b.unread = append(b.unread, data...)
	if cap(b.unread) != grown {
		b.space = b.unread
	}
	b.more.Broadcast()
	return true
}

// addTrailer keeps a trailer that was announced, and reports whether it is
// one that may be sent.
func (b *body) addTrailer(name, value string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !httpguts.ValidTrailerHeader(name) {
		return false
	}
	if _, ok := b.announce[name]; ok {
		if b.trailer == nil {
			b.trailer = http.Header{}
		}
		b.trailer[name] = append(b.trailer[name], value)
	}
	return true
}

// end says what follows what is there.
func (b *body) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.more.Broadcast()
}

// fail ends it at once, and returns how much is thereby not read. What came
// completely may still be read.
func (b *body) fail(err error) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == io.EOF {
		return 0
	}
	b.err = err
	return b.discard()
}

func (b *body) discard() int {
	n := len(b.unread)
	b.unread, b.space = nil, nil
	b.more.Broadcast()
	return n
}

// Read waits for data.
func (b *body) Read(p []byte) (int, error) {
	b.ask()
	n, err := b.next(p)
	b.st.c.consumed(b.st, n)
	return n, err
}

func (b *body) next(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch {
		case b.closed:
			return 0, errBodyClosed
		case len(b.unread) > 0:
			return b.take(p), nil
		case b.err != nil:
			b.deliverTrailer()
			return 0, b.err
		case len(p) == 0:
			return 0, nil
		}
		b.more.Wait()
	}
}

func (b *body) take(p []byte) int {
	n := copy(p, b.unread)
	b.unread = b.unread[n:]
	if len(b.unread) == 0 {
		if cap(b.space) > keptSpace {
			b.space = nil
		}
		b.unread = b.space[:0]
	}
	return n
}

// deliverTrailer fills in the request's Trailer, as its reader may expect
// after the end.
func (b *body) deliverTrailer() {
	if b.err == io.EOF {
		for name, values := range b.trailer {
			b.announce[name] = values
		}
		b.trailer = nil
	}
}

// ask tells a client that waits for it to send the body.
func (b *body) ask() {
	b.mu.Lock()
	ask := b.expected && len(b.unread) == 0 && b.err == nil && !b.closed
	b.expected = false
	b.mu.Unlock()
	if ask {
		_ = b.st.c.inform(b.st, http.StatusContinue, nil)
	}
}

// Close says that the handler reads no more.
func (b *body) Close() error {
	b.mu.Lock()
	b.closed = true
	n := b.discard()
	b.mu.Unlock()
	b.st.c.consumed(nil, n)
	return nil
}

// expire ends a read that takes too long.
func (b *body) expire() {
	b.mu.Lock()
	if b.err == nil {
		b.err = os.ErrDeadlineExceeded
	}
	n := b.discard()
	b.mu.Unlock()
	b.st.c.consumed(nil, n)
}
