package fairness

import "time"

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
