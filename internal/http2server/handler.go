package http2server

import (
	"net/http"
	"os"
	"runtime"

	"golang.org/x/net/http2"
)

// run answers a request by its handler.
func (c *conn) run(st *stream, r *http.Request, h http.Handler) {
	growStack()
	w := &response{st: st, header: http.Header{}, isHead: r.Method == http.MethodHead, declared: -1}
	defer c.handled(st, w)
	defer func() {
		if w.done {
			return
		}
		if err := recover(); err != nil && err != http.ErrAbortHandler {
			stack := make([]byte, 64<<10)
			stack = stack[:runtime.Stack(stack, false)]
			c.logf("http2: panic serving %v: %v\n%s", c.remote, err, stack)
		}
	}() // a handler that ends its goroutine is not done either
	h.ServeHTTP(w, r)
	w.finish()
}

// growStack makes the goroutine's stack large enough for most handlers at once,
// while there is nothing on it. Doubled time and again, and copied each time from
// deep within a handler, it would take 6 % of a write.
//
//go:noinline
func growStack() {
	var room [16 << 10]byte
	runtime.KeepAlive(&room)
}

// handled cleans up after a handler: what it has not finished is reset.
func (c *conn) handled(st *stream, w *response) {
	w.release()
	if st.body != nil {
		_ = st.body.Close()
	}
	w.stopTimers()
	st.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset(st, http2.ErrCodeInternal, errEnded)
	c.flush()
	if c.handlers--; c.handlers == 0 {
		c.settle()
	}
}

// settle acts when nothing is under way.
func (c *conn) settle() {
	if c.handlers > 0 || c.out.pending != nil || c.out.writing {
		return
	}
	if c.active {
		c.active = false
		c.idleAt = c.now()
		c.tell(http.StateIdle)
	}
	if c.ending == final {
		c.stopReading()
	}
}

// content is a part of an answer: its header, if it is the first, data in two
// pieces, and whether it is the last.
type content struct {
	head *head
	data [2][]byte
	last bool
	tail *head // trailers, if it is the last
}

// answer sends a part of an answer, and waits until the client has
// room for it.
func (c *conn) answer(st *stream, part content) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st.err != nil {
		return st.err
	}
	bare := len(part.data[0])+len(part.data[1]) == 0
	if part.head != nil {
		st.answered = true
		c.addHeaders(st, part.head, part.last && bare && part.tail == nil)
	}
	if err := c.addData(st, part, bare); err != nil {
		return err
	}
	if part.tail != nil {
		c.addHeaders(st, part.tail, true)
	}
	if part.last {
		c.endAnswer(st)
	}
	c.flush()
	return c.out.err
}

func (c *conn) addData(st *stream, part content, bare bool) error {
	if bare && part.last && part.head == nil && part.tail == nil {
		b := c.out.frames()
		b.b = appendData(b.b, st.id, nil, true)
		return nil
	}
	for i, data := range part.data {
		for len(data) > 0 {
			n, err := c.reserve(st, len(data))
			if err != nil {
				return err
			}
			ends := part.last && part.tail == nil && n == len(data) && (i == 1 || len(part.data[1]) == 0)
			b := c.out.frames()
			b.b = appendData(b.b, st.id, data[:n], ends)
			data = data[n:]
			if len(b.b) >= roomForLarge {
				c.flush()
			}
		}
	}
	return nil
}

// endAnswer ends the stream's half that is ours, and has the client stop
// sending what nobody reads (RFC 9113, 8.1).
func (c *conn) endAnswer(st *stream) {
	c.localEnd(st)
	if !st.remoteEnded {
		c.reset(st, http2.ErrCodeNo, errEnded)
	}
}

// inform sends an informational answer, unless it is too late for one.
func (c *conn) inform(st *stream, status int, h http.Header) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st.err != nil || st.answered {
		return st.err
	}
	c.addHeaders(st, &head{status: status, fields: h}, false)
	c.flush()
	return c.out.err
}

// expire resets a stream whose answer takes too long.
func (c *conn) expire(st *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset(st, http2.ErrCodeInternal, os.ErrDeadlineExceeded)
	c.flushAside()
}
