package http2server

import (
	"runtime"
	"sync"
)

const (
	// gather is how much makes a write worth while at once; with less, the
	// others who are about to write get the chance to add to it.
	gather = 16 << 10
	// Handlers wait when this much is on its way to the client: a list, whose
	// frames are large, before a watch.
	roomForLarge = 64 << 10
	roomForSmall = 256 << 10
	large        = 12 << 10
	// maxPending is how much more may wait, for answers to PING and SETTINGS:
	// a client that asks for more than that and reads none is up to no good.
	maxPending = roomForSmall + 64<<10
	// maxRounds is how often a handler writes for others before a goroutine
	// takes over from it.
	maxRounds = 8
)

// output is what is to be written. Whoever adds to it writes it, unless
// someone does already and will find what was added.
type output struct {
	pending *buffer // frames not yet handed to TLS
	writing bool
	room    sync.Cond // who wait until less is pending
	err     error     // nothing can be written any more
}

// buffer is a slice that comes from a pool.
type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return &buffer{} }}

func (b *buffer) free() {
	if b != nil && cap(b.b) <= 2*maxPending {
		b.b = b.b[:0]
		buffers.Put(b)
	}
}

// hasRoom reports whether n bytes of data may be added.
func (o *output) hasRoom(n int) bool {
	if o.pending == nil {
		return true
	}
	if n >= large {
		return len(o.pending.b) < roomForLarge
	}
	return len(o.pending.b) < roomForSmall
}

// frames returns the buffer to append frames to. After an error it leads
// nowhere.
func (o *output) frames() *buffer {
	if o.err != nil {
		return &buffer{}
	}
	if o.pending == nil {
		o.pending = buffers.Get().(*buffer)
	}
	return o.pending
}

// flush sees to it that what is pending gets written. It holds the lock when
// it is called and when it returns, but not between.
func (c *conn) flush() {
	o := &c.out
	if o.writing || o.pending == nil {
		return
	}
	o.writing = true
	if len(o.pending.b) < gather {
		c.mu.Unlock()
		runtime.Gosched() // handlers that were woken by the same event add theirs
		c.mu.Lock()
	}
	c.write(maxRounds)
}

// flushAside is flush for those who must not wait for the client.
func (c *conn) flushAside() {
	if c.out.writing || c.out.pending == nil {
		return
	}
	c.out.writing = true
	go c.writeAll()
}

func (c *conn) writeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(-1)
}

// write writes until nothing is pending, or leaves the rest to a goroutine
// after some rounds.
func (c *conn) write(rounds int) {
	o := &c.out
	for ; o.pending != nil; rounds-- {
		if rounds == 0 {
			go c.writeAll()
			return
		}
		b := o.pending
		o.pending = nil
		o.room.Broadcast()
		c.mu.Unlock()
		err := c.encrypt(b.b)
		b.free()
		c.mu.Lock()
		if err != nil {
			c.fail(err)
		}
	}
	o.writing = false
	o.room.Broadcast()
	c.settle()
}
