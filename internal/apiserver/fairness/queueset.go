package fairness

import "time"

// Verdict is what becomes of a request at first.
type Verdict int

// The verdicts.
const (
	Refused Verdict = iota
	Waiting         // until its Ticket is seated, or it leaves
	Seated
)

// arrive seats the request, lets it wait, or refuses it.
func (l *level) arrive(s *schema, r *Request, w Width, hash uint64, now time.Time) (*Ticket, Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	f := s.flow
	f.widths.observe(float64(w.seats()))
	if w.counted {
		f.watches.observe(float64(w.watches))
	}
	if l.exempt || l.queues == 0 {
		if !l.exempt && !l.fits(w.seats()) {
			return nil, l.refuse(f, noSeats)
		}
		t := l.ticket(s, r, w, now)
		l.seat(t, now)
		return t, Seated
	}
	q := l.pick(hash)
	if l.seats >= l.limit && q.length >= l.longest {
		return nil, l.refuse(f, queueFull)
	}
	t := l.ticket(s, r, w, now)
	l.enqueue(t, q)
	l.dispatch(now)
	if !t.began.IsZero() {
		return t, Seated
	}
	t.seated = make(chan struct{})
	return t, Waiting
}

func (l *level) refuse(f *flow, why reason) Verdict {
	f.refused[why]++
	f.turnedAway.observe(0)
	l.totals.refused++
	return Refused
}

// fits says whether so many seats are free. What is wider than the level waits
// until it has the level to itself.
func (l *level) fits(seats int) bool {
	if seats > l.limit {
		return l.serving == 0
	}
	return l.seats+seats <= l.limit
}

func (l *level) enqueue(t *Ticket, q *queue) {
	if !q.active() {
		q.next = l.virtual
		l.active++
	}
	t.queue, t.arrivedAt = q, l.virtual
	q.push(t)
	q.keepUp()
	if q.place < 0 {
		q.place = len(l.backlog)
		l.backlog = append(l.backlog, q)
	}
	l.waiting++
	l.waitingSeats += t.width.seats()
	f := t.schema.flow
	f.waiting++
	f.waitingSeats += t.width.seats()
	f.queueLengths.observe(float64(q.length))
	l.changed()
}

// dequeue takes a request that waits out of its queue.
func (l *level) dequeue(t *Ticket) {
	q, f := t.queue, t.schema.flow
	q.remove(t)
	if q.length == 0 {
		last := l.backlog[len(l.backlog)-1]
		l.backlog[q.place], last.place = last, q.place
		l.backlog, q.place = l.backlog[:len(l.backlog)-1], -1
	}
	l.waiting--
	l.waitingSeats -= t.width.seats()
	f.waiting--
	f.waitingSeats -= t.width.seats()
}

// dispatch seats as many of those who wait as there is room for.
func (l *level) dispatch(now time.Time) {
	for len(l.backlog) > 0 && l.seats < l.limit {
		q := l.backlog[0]
		for _, other := range l.backlog[1:] {
			if other.before(q) {
				q = other
			}
		}
		t := q.first
		if !l.fits(t.width.seats()) {
			t.schema.flow.unfitting++
			return
		}
		l.usage.dispatched(l.virtual, q.next)
		l.dequeue(t)
		t.width.narrow(l.limit)
		l.turns++
		q.turn = l.turns
		q.next += t.width.work()
		q.serving++
		l.seat(t, now)
		q.keepUp()
	}
}

// seat begins a request that waits in no queue, or no longer.
func (l *level) seat(t *Ticket, now time.Time) {
	t.began = now
	l.link(t)
	seats, f := t.width.seats(), t.schema.flow
	l.serving++
	l.seats += seats
	f.serving++
	f.servingSeats += seats
	f.dispatched++
	l.totals.dispatched++
	if t.queue != nil {
		t.queue.seats += seats
	}
	if !l.exempt {
		f.waited.observe(now.Sub(t.arrived).Seconds())
	}
	if t.seated != nil {
		close(t.seated)
	}
	l.changed()
}

// leave takes back a request that waits. idle asks for the level to be reaped.
func (l *level) leave(t *Ticket, now time.Time) (left, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !t.began.IsZero() {
		return false, false
	}
	l.advance(now)
	q, f := t.queue, t.schema.flow
	l.dequeue(t)
	l.rest(q)
	f.refused[waitedTooLong]++
	f.turnedAway.observe(now.Sub(t.arrived).Seconds())
	l.totals.refused++
	l.totals.cancelled++
	l.changed()
	l.dispatch(now) // it may have been too wide, and have held up others
	l.recycle(t)
	return true, l.idle()
}

// rest takes a queue out of virtual time if nothing happens in it.
func (l *level) rest(q *queue) {
	if q.active() {
		return
	}
	if l.active--; l.active == 0 {
		l.virtual = 0
	}
}

// done ends a request, but for what lingers.
func (l *level) done(t *Ticket, now time.Time) (linger time.Duration, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	l.unlink(t)
	l.serving--
	took, f := now.Sub(t.began), t.schema.flow
	f.serving--
	if t.request.Verb == "watch" {
		f.watchesBegun.observe(took.Seconds())
	} else {
		f.served.observe(took.Seconds())
	}
	if q := t.queue; q != nil {
		q.serving--
		// It was reckoned to take likelyTime; now that is known better.
		q.next -= float64(t.width.Seats) * seconds(likelyTime-took)
		q.keepUp()
		l.rest(q)
	}
	if linger = t.width.Linger; linger == 0 {
		l.free(t, now)
	}
	return linger, l.idle()
}

func (l *level) release(t *Ticket, now time.Time) (idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	l.free(t, now)
	return l.idle()
}

// free gives the seats of a request to others.
func (l *level) free(t *Ticket, now time.Time) {
	seats := t.width.seats()
	l.seats -= seats
	t.schema.flow.servingSeats -= seats
	if t.queue != nil {
		t.queue.seats -= seats
	}
	l.recycle(t)
	l.changed()
	l.dispatch(now)
}

// idle says whether a level that is gone can go. The caller holds mu.
func (l *level) idle() bool { return l.gone && l.unused() }

func (l *level) unused() bool { return l.waiting == 0 && l.serving == 0 && l.seats == 0 }
