package http2server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/net/http2"
)

var (
	errClosed = errors.New("http2: the client has gone")
	errEnded  = errors.New("http2: the answer has ended")
)

// stream is one request and its answer.
type stream struct {
	c      *conn
	id     uint32
	ctx    context.Context
	cancel context.CancelFunc
	body   *body // nil if the request has none

	// Of the reading goroutine alone.
	declared int64 // bytes of body, by Content-Length; -1 if not said
	received int64

	// Under the connection's lock.
	wake        sync.Cond // for window, share and err
	window      int64     // what the client takes of this stream
	share       int64     // what of the connection's window is for this stream
	want        int64     // what it waits for, while starved
	starved     bool
	recv        inflow
	remoteEnded bool
	localEnded  bool
	answered    bool  // the header of the answer was written
	err         error // why nothing can be written any more
}

func (c *conn) onHeaders(f *http2.MetaHeadersFrame) error {
	if f.StreamID%2 == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	c.mu.Lock()
	st, isNew, ignored := c.byID[f.StreamID], f.StreamID > c.last, c.resets.has(f.StreamID)
	c.mu.Unlock()
	switch {
	case st != nil:
		return c.onTrailers(st, f)
	case isNew:
		return c.open(f)
	case ignored: // sent before the client knew
		return nil
	}
	return http2.ConnectionError(http2.ErrCodeProtocol)
}

// open begins a stream and starts its handler.
func (c *conn) open(f *http2.MetaHeadersFrame) error {
	st := &stream{c: c, id: f.StreamID, declared: -1}
	r, err := c.newRequest(st, f)
	if err != nil {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeProtocol, Cause: err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = f.StreamID
	if c.ending == final {
		return nil // the client knows that it was not begun
	}
	if len(c.byID) >= c.streams || c.handlers >= c.streams {
		if !c.chatter.allows(c.now()) {
			return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
		}
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeRefusedStream}
	}
	st.wake.L = &c.mu
	st.window, st.recv = c.window, newInflow(c.streamWindow)
	st.remoteEnded = f.StreamEnded()
	st.ctx, st.cancel = context.WithCancel(c.ctx)
	c.byID[st.id] = st
	c.handlers++
	if !c.active {
		c.active = true
		c.tell(http.StateActive)
	}
	h := c.handler
	if f.Truncated {
		h = http.HandlerFunc(headerTooLarge)
	}
	go c.run(st, r.WithContext(st.ctx), h)
	return nil
}

func headerTooLarge(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the request's header is too large", http.StatusRequestHeaderFieldsTooLarge)
}

func (c *conn) onData(f *http2.DataFrame) error {
	size := int64(f.Length) // with padding
	data := f.Data()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.isIdle(f.StreamID):
		return http2.ConnectionError(http2.ErrCodeProtocol)
	case !c.recv.take(size):
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	st := c.byID[f.StreamID]
	if st == nil || st.remoteEnded {
		c.grant(nil, int(size))
		if c.resets.has(f.StreamID) {
			return c.replied()
		}
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeStreamClosed}
	}
	if !st.recv.take(size) {
		c.grant(nil, int(size))
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeFlowControl}
	}
	st.received += int64(len(data))
	if st.declared >= 0 && st.received > st.declared {
		c.grant(nil, int(size))
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeProtocol}
	}
	c.grant(st, int(size)-len(data))
	if !st.body.add(data) {
		c.grant(nil, len(data))
	}
	if f.StreamEnded() {
		if err := c.remoteEnd(st); err != nil {
			return err
		}
	}
	return c.replied()
}

func (c *conn) onTrailers(st *stream, f *http2.MetaHeadersFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st.remoteEnded {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeStreamClosed}
	}
	if !f.StreamEnded() || len(f.PseudoFields()) > 0 || f.Truncated {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol}
	}
	for _, field := range f.RegularFields() {
		if !st.body.addTrailer(c.name(field.Name), field.Value) {
			return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol}
		}
	}
	if err := c.remoteEnd(st); err != nil {
		return err
	}
	return c.replied()
}

// remoteEnd notes that the request is complete.
func (c *conn) remoteEnd(st *stream) error {
	if st.declared >= 0 && st.received != st.declared {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol}
	}
	st.remoteEnded = true
	st.body.end(io.EOF)
	if st.localEnded {
		c.forget(st)
	}
	return nil
}

// localEnd notes that the answer is complete.
func (c *conn) localEnd(st *stream) {
	st.localEnded = true
	if st.remoteEnded {
		c.forget(st)
	}
}

// forget takes a stream off the books, and gives back what it holds.
func (c *conn) forget(st *stream) {
	delete(c.byID, st.id)
	if st.err == nil {
		st.err = errEnded
	}
	if st.starved {
		st.starved = false
		c.starved = slices.DeleteFunc(c.starved, func(other *stream) bool { return other == st })
	}
	c.refund(st)
}

// drop ends a stream before its time: its handler learns of it by its
// context, and by every read and write.
func (c *conn) drop(st *stream, err error) {
	if st.err == nil {
		st.err = err
	}
	c.forget(st)
	if st.body != nil {
		c.grant(nil, st.body.fail(err))
	}
	st.cancel()
	st.wake.Broadcast()
	c.out.room.Broadcast()
}

// reset drops a stream and tells the client why.
func (c *conn) reset(st *stream, code http2.ErrCode, err error) {
	if c.byID[st.id] != st {
		return
	}
	b := c.out.frames()
	b.b = appendReset(b.b, st.id, code)
	c.resets.add(st.id)
	c.drop(st, err)
}
