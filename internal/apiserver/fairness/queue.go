package fairness

// queue is a line of requests that wait, and an account of what those who
// left it for a seat have used.
type queue struct {
	index        int // in the level's deck, when it was made
	first, last  *Ticket
	length       int
	waitingSeats int
	waitingWork  float64

	serving int // requests
	seats   int // theirs, and those that linger
	// next is the virtual time at which the next request would begin, were
	// the queue served by itself. While nothing waits or is served it means
	// nothing.
	next float64
	// turn numbers the times that a request was taken from here.
	turn uint64
	// place is where the level's backlog has it; -1: nothing waits.
	place int
}

// active says whether the queue takes part in virtual time.
func (q *queue) active() bool { return q.length > 0 || q.serving > 0 }

func (q *queue) push(t *Ticket) {
	t.prev, t.next = q.last, nil
	if q.last != nil {
		q.last.next = t
	} else {
		q.first = t
	}
	q.last = t
	q.length++
	q.waitingSeats += t.width.seats()
	q.waitingWork += t.width.work()
}

func (q *queue) remove(t *Ticket) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		q.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		q.last = t.prev
	}
	t.prev, t.next = nil, nil
	q.length--
	q.waitingSeats -= t.width.seats()
	q.waitingWork -= t.width.work()
	if q.length == 0 {
		q.waitingWork = 0 // sums of fractions do not end at zero by themselves
	}
	q.keepUp()
}

// keepUp sees that nothing begins before it came: a queue that could not use
// its share does not save it up.
func (q *queue) keepUp() {
	if q.first != nil {
		q.next = max(q.next, q.first.arrivedAt)
	}
}

// finish is when the first that waits would be done.
func (q *queue) finish() float64 { return q.next + q.first.width.work() }

// before says whether q is served before p; both have requests waiting. Among
// equals it is the one that has waited longer for its turn.
func (q *queue) before(p *queue) bool {
	a, b := q.finish(), p.finish()
	if a != b {
		return a < b
	}
	if q.turn != p.turn {
		return q.turn < p.turn
	}
	return q.index < p.index
}
