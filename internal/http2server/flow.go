package http2server

// inflow is what the other side may send before it must wait.
type inflow struct {
	size    int64 // what it may send when nothing waits to be read
	granted int64 // what it knows that it may send now
	read    int64 // read since, and not granted again yet
}

func newInflow(size int64) inflow { return inflow{size: size, granted: size} }

// take counts n bytes that came, and reports whether they were allowed.
func (f *inflow) take(n int64) bool {
	if n > f.granted {
		return false
	}
	f.granted -= n
	return true
}

// give counts n bytes that were read, and returns how many to grant: none
// until it is worth a frame.
func (f *inflow) give(n int64) int64 {
	f.read += n
	if f.read < f.size/4 {
		return 0
	}
	n, f.read = f.read, 0
	f.granted += n
	return n
}

// consumed has the client send as much as was read. The stream may be nil,
// when nobody waits for more of it.
func (c *conn) consumed(st *stream, n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grant(st, n) {
		c.flush()
	}
}

// grant adds WINDOW_UPDATE frames, and reports whether it did.
func (c *conn) grant(st *stream, n int) bool {
	added := false
	if more := c.recv.give(int64(n)); more > 0 {
		b := c.out.frames()
		b.b = appendWindowUpdate(b.b, 0, more)
		added = true
	}
	if st == nil || st.err != nil || st.remoteEnded {
		return added
	}
	if more := st.recv.give(int64(n)); more > 0 {
		b := c.out.frames()
		b.b = appendWindowUpdate(b.b, st.id, more)
		added = true
	}
	return added
}

// reserve waits until some of n bytes of a stream's data may be sent, and
// returns how many.
func (c *conn) reserve(st *stream, n int) (int, error) {
	for {
		switch {
		case c.out.err != nil:
			return 0, c.out.err
		case st.err != nil:
			return 0, st.err
		case st.window <= 0:
			c.refund(st)
			c.waitFor(st)
		case !c.out.hasRoom(n) && c.out.writing:
			c.out.room.Wait()
		case !c.out.hasRoom(n):
			c.flush()
		case st.share == 0 && !c.takeShare(st, n):
			c.waitFor(st)
		default:
			n = int(min(int64(n), st.window, st.share, int64(c.maxFrame)))
			st.share -= int64(n)
			st.window -= int64(n)
			return n, nil
		}
	}
}

// waitFor waits until the stream may have become able to go on. What was
// written before has to be on its way: the client grants more when it has it.
func (c *conn) waitFor(st *stream) {
	if c.out.pending != nil && !c.out.writing {
		c.flush()
		return // much may have happened meanwhile
	}
	st.wake.Wait()
}

// takeShare takes a part of the connection's window for a stream, or queues
// it for one.
func (c *conn) takeShare(st *stream, n int) bool {
	st.want = int64(n)
	if c.send > 0 && len(c.starved) == 0 {
		c.share(st)
		return true
	}
	if !st.starved {
		st.starved = true
		c.starved = append(c.starved, st)
	}
	return false
}

func (c *conn) share(st *stream) {
	st.share = min(st.want, c.send, int64(c.maxFrame))
	c.send -= st.share
}

// distribute hands the connection's window to those who wait for it, in
// order.
func (c *conn) distribute() {
	for c.send > 0 && len(c.starved) > 0 {
		st := c.starved[0]
		c.starved[0] = nil
		c.starved = c.starved[1:]
		st.starved = false
		if st.err == nil {
			c.share(st)
			st.wake.Broadcast()
		}
	}
}

// refund gives back what a stream holds of the connection's window.
func (c *conn) refund(st *stream) {
	if st.share > 0 {
		c.send += st.share
		st.share = 0
		c.distribute()
	}
}
