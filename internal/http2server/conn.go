package http2server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	initialWindow = 65535     // RFC 9113, 6.9.2
	maxWindow     = 1<<31 - 1 // 6.9.1
	minMaxFrame   = 16 << 10  // 4.2: every endpoint takes frames of this size
	maxStreamID   = 1<<31 - 1
	headerTable   = 4096 // bytes of header compression state, each way
)

// conn is one connection.
type conn struct {
	limits
	hooks   *http.Server
	tls     *tls.Conn
	records *records // below tls; nil where the listener has none
	state   *tls.ConnectionState
	handler http.Handler
	ctx     context.Context
	cancel  context.CancelFunc
	remote  string
	began   time.Time
	read    atomic.Int64 // when the last frame came, as time since began

	// Of the reading goroutine alone.
	in        *bufio.Reader
	framer    *http2.Framer
	canonical map[string]string
	chatter   flood
	greeted   bool // the client's SETTINGS have come
	acked     bool // ... and its acknowledgement of ours

	mu       sync.Mutex
	byID     map[uint32]*stream
	last     uint32    // the highest stream that the client has opened
	resets   recentIDs // streams that we have reset
	handlers int       // running
	active   bool      // as ConnState was told
	recv     inflow    // what the client may send, over all streams
	send     int64     // what it takes, over all streams
	starved  []*stream // who wait for some of that, in order
	window   int64     // what it takes of a new stream
	maxFrame int       // the largest payload it takes
	out      output
	encoder  *hpack.Encoder
	encoded  bytes.Buffer // the encoder's output
	ending   endState
	stopped  bool          // the reader was told to end
	pinged   time.Duration // when a ping was sent; 0: never
	idleAt   time.Duration // since when there is no request, if there is none
	timer    *time.Timer

	errands errands
}

func newConn(server *http.Server, t *tls.Conn, h http.Handler) *conn {
	base := context.Background()
	if b, ok := h.(interface{ BaseContext() context.Context }); ok {
		base = b.BaseContext()
	}
	state := t.ConnectionState()
	c := &conn{
		limits: limitsOf(server), hooks: server, tls: t, state: &state, handler: h,
		remote: t.RemoteAddr().String(), began: time.Now(),
		byID: map[uint32]*stream{}, send: initialWindow, window: initialWindow, maxFrame: minMaxFrame,
	}
	c.records, _ = t.NetConn().(*records)
	c.ctx, c.cancel = context.WithCancel(base)
	c.out.room.L = &c.mu
	c.encoder = hpack.NewEncoder(&c.encoded)
	c.in = bufio.NewReader(t)
	c.framer = http2.NewFramer(nil, c.in)
	c.framer.SetReuseFrames()
	c.framer.SetMaxReadFrameSize(c.frame)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(headerTable, nil)
	c.framer.MaxHeaderListSize = c.headerList
	c.recv = newInflow(c.connWindow)
	c.errands.start = func() { go c.runErrands() }
	c.greet()
	return c
}

// now is the time on the connection's own clock.
func (c *conn) now() time.Duration { return time.Since(c.began) }

// serve answers the connection's requests until it ends.
func (c *conn) serve() {
	defer c.end()
	c.startTimer()
	err := c.readPreface()
	if err == nil {
		err = c.readFrames()
	}
	c.sayGoodbye(err)
}

// end cancels what is still under way, and waits for nobody.
func (c *conn) end() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.fail(errClosed)
	for _, st := range c.byID {
		c.drop(st, errClosed)
	}
}

// fail notes that nothing can be written any more, and has the reader end.
func (c *conn) fail(err error) {
	if c.out.err != nil {
		return
	}
	c.out.err = err
	c.out.pending.free()
	c.out.pending = nil
	c.out.room.Broadcast()
	c.stopReading()
}

// stopReading ends the reading goroutine, and with it the connection.
func (c *conn) stopReading() {
	c.stopped = true
	_ = c.tls.SetReadDeadline(time.Unix(1, 0))
}

func (c *conn) tell(state http.ConnState) {
	if f := c.hooks.ConnState; f != nil {
		f(c.tls, state)
	}
}

func (c *conn) logf(format string, args ...any) {
	if l := c.hooks.ErrorLog; l != nil {
		l.Output(2, fmt.Sprintf(format, args...))
		return
	}
	log.Printf(format, args...)
}
