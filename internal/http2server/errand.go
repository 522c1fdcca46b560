package http2server

import "sync"

// errands are what a connection's streams have asked to be done soon.
type errands struct {
	mu      sync.Mutex
	list    []func()
	spare   []func() // what list was made of before
	running bool     // a goroutine does them, or is about to, and looks for more
	start   func()   // starts it
}

// Later has f called by a goroutine that does so for all streams of the
// connection, one after the other: what they say by TryWrite leaves together.
// The caller is to call start, unless it is nil, when it has said on all
// streams what it has to. f must wait for nothing but TryWrite.
func (w *response) Later(f func()) (start func()) {
	e := &w.st.c.errands
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, f)
	if e.running {
		return nil
	}
	e.running = true
	return e.start
}

// runErrands writes what errands have added once there are no more. Who comes
// while it does has another goroutine: one client that does not read must not
// keep errands from noticing that their streams have ended.
func (c *conn) runErrands() {
	for list := c.errands.take(); len(list) > 0; list = c.errands.take() {
		for _, f := range list {
			f()
		}
		c.errands.giveBack(list)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
}

// take is all that is to be done; without any the goroutine does no more.
func (e *errands) take() []func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.list
	e.list, e.spare = e.spare, nil
	e.running = len(list) > 0
	return list
}

func (e *errands) giveBack(list []func()) {
	clear(list)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spare = list[:0]
}

// TryWrite writes p, unless the client has to take something of this stream
// first; then it writes nothing and returns false. It is for errands: while
// they write, the handler must not, and what it has written must have been
// flushed. It waits only while the whole connection has too much to write, or
// until the answer's deadline.
func (w *response) TryWrite(p []byte) bool {
	st, c := w.st, w.st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.out.hasRoom(len(p)) && c.out.err == nil && st.err == nil {
		c.flushAside()
		c.out.room.Wait()
	}
	if c.out.err != nil || st.err != nil || st.localEnded || !st.answered {
		return false
	}
	c.refund(st)
	n := int64(len(p))
	if st.window < n || c.send < n || len(c.starved) > 0 {
		return false
	}
	st.window -= n
	c.send -= n
	b := c.out.frames()
	for len(p) > 0 {
		part := p[:min(len(p), c.maxFrame)]
		b.b = appendData(b.b, st.id, part, false)
		p = p[len(part):]
	}
	if len(b.b) >= roomForLarge {
		c.flushAside()
	}
	return true
}
