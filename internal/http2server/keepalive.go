package http2server

import (
	"math"
	"time"
)

// pulse is what a connection's keep-alive knows, as times on its clock.
type pulse struct {
	now    time.Duration
	heard  time.Duration // the last frame came
	pinged time.Duration // the last ping was sent; 0: none
	active bool          // there are requests
	idleAt time.Duration // since when there are none
}

type verdict int

const (
	fine  verdict = iota
	ask           // send a ping
	leave         // nothing was asked for long: end well
	lost          // the ping was not answered
)

// judge says what to do, and when to look again.
func (l *limits) judge(p pulse) (verdict, time.Duration) {
	next := time.Duration(math.MaxInt64)
	switch {
	case l.idle <= 0:
	case p.active:
		next = p.now + l.idle
	case p.now-p.idleAt >= l.idle:
		return leave, next
	default:
		next = p.idleAt + l.idle
	}
	if l.pingAfter <= 0 {
		return fine, next - p.now
	}
	if waiting := p.pinged > p.heard; waiting {
		if p.now-p.pinged >= l.pingAnswer {
			return lost, next
		}
		return fine, min(next, p.pinged+l.pingAnswer) - p.now
	}
	if p.now-p.heard >= l.pingAfter {
		return ask, min(next-p.now, l.pingAnswer)
	}
	return fine, min(next, p.heard+l.pingAfter) - p.now
}

// startTimer begins to look after the connection, if there is a reason to.
func (c *conn) startTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle > 0 || c.pingAfter > 0 {
		c.timer = time.AfterFunc(0, c.look)
	}
}

func (c *conn) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	p := pulse{now: now, heard: time.Duration(c.read.Load()), pinged: c.pinged, active: c.active, idleAt: c.idleAt}
	what, next := c.judge(p)
	switch what {
	case leave:
		if c.ending == running {
			c.ending = announced
			c.finish()
		}
		return
	case lost:
		c.fail(errClosed)
		_ = c.tls.NetConn().Close() // a write may be waiting for the client
		return
	case ask:
		c.pinged = now
		b := c.out.frames()
		b.b = appendPing(b.b, [8]byte{}, false)
		c.flushAside()
	}
	if c.out.err == nil && !c.stopped {
		c.timer.Reset(next)
	}
}
