package fairness

import "time"

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

// Leave gives up waiting: timedOut says why. It returns false if the request
// has got its seats meanwhile, and so must be served, or at least be Done.
func (d *Dispatcher) Leave(t *Ticket, timedOut bool, now time.Time) bool {
	l := t.level
	left, idle := l.leave(t, timedOut, now)
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
