package fairness

import (
	"time"
)

// Ticket is a request's place in a queue, and then on its seats. It is good
// until Leave says so or Done has been called; after that it may be another's.
type Ticket struct {
	request Request
	schema  *schema
	level   *level
	queue   *queue // nil: the level has none
	width   Width

	arrived   time.Time
	arrivedAt float64   // in virtual time
	began     time.Time // zero: it waits
	// seated is closed when it need not wait any longer; nil: it never had to.
	seated chan struct{}

	// prev and next are its neighbours: in the queue, and then among those
	// who are served.
	prev, next *Ticket
}

// Seated is closed once the request has its seats. Only of a request that
// waits.
func (t *Ticket) Seated() <-chan struct{} { return t.seated }

// Leave gives up waiting. It returns false if the request has got its seats
// meanwhile, and so must be served, or at least be Done.
func (d *Dispatcher) Leave(t *Ticket, now time.Time) bool {
	l := t.level
	left, idle := l.leave(t, now)
	if idle {
		d.reap(l, now)
	}
	return left
}

// Done says that the request has been served. If linger is not zero, its
// seats are still taken: Release is to be called that much later.
func (d *Dispatcher) Done(t *Ticket, now time.Time) (linger time.Duration) {
	l := t.level
	linger, idle := l.done(t, now)
	if idle {
		d.reap(l, now)
	}
	return linger
}

// Release lets go of the seats that lingered.
func (d *Dispatcher) Release(t *Ticket, now time.Time) {
	l := t.level
	if l.release(t, now) {
		d.reap(l, now)
	}
}

// Tickets are used again: one is needed for each request, and for no longer.

func (l *level) ticket(s *schema, r *Request, w Width, now time.Time) *Ticket {
	t := l.spare
	if t == nil {
		t = &Ticket{}
	} else {
		l.spare = t.next
	}
	*t = Ticket{request: *r, schema: s, level: l, width: w, arrived: now}
	return t
}

func (l *level) recycle(t *Ticket) {
	*t = Ticket{next: l.spare}
	l.spare = t
}

// link adds a request to those that are served.
func (l *level) link(t *Ticket) {
	t.prev, t.next = nil, l.servingFirst
	if t.next != nil {
		t.next.prev = t
	}
	l.servingFirst = t
}

func (l *level) unlink(t *Ticket) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		l.servingFirst = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.prev, t.next = nil, nil
}
