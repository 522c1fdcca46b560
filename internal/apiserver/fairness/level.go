package fairness

import (
	"sync"
	"time"
)

// level is a priority level: its seats, and the queues of those who wait for
// them.
type level struct {
	name string
	share

	mu sync.Mutex // of what follows
	settings
	// limit is how many seats it has for now, and full what counts as all of
	// them in the figures of its usage.
	limit int
	full  float64
	// gone: no configuration knows it; it goes when nobody uses it any more.
	gone bool

	deck    []*queue // each is made when first needed
	backlog []*queue // those in which somebody waits
	// hand and sorted are room to deal queues in.
	hand, sorted []int
	arrivals     int
	turns        uint64

	waiting, waitingSeats int
	serving, seats        int
	active                int // queues
	servingFirst          *Ticket
	spare                 *Ticket // to be used again, linked by next

	// virtual is virtual time: how much of its share each active queue could
	// have used by now. It begins anew when there is none.
	virtual float64
	last    time.Time // until when all is accounted for

	demand demand
	retry  retryAfter
	flows  map[string]*flow
	totals totals
	usage  usage
}

// settings are what a PriorityLevelConfiguration says of the level alone.
type settings struct {
	exempt                    bool
	queues, handSize, longest int // queues is 0 where those without a seat are refused
}

// totals are what the dumps show.
type totals struct{ dispatched, refused, timedOut, cancelled int }

func newLevel(name string, now time.Time) *level {
	return &level{name: name, last: now, full: 1, flows: map[string]*flow{}, usage: newUsage()}
}

// advance accounts for the time that has passed with everything as it is. It
// comes before each change.
func (l *level) advance(now time.Time) {
	passed := now.Sub(l.last)
	if passed <= 0 {
		return
	}
	l.last = now
	seconds := passed.Seconds()
	wanted := float64(l.seats + l.waitingSeats)
	if l.active > 0 {
		l.virtual += min(wanted, float64(l.limit)) / float64(l.active) * seconds
	}
	l.demand.pass(seconds, wanted)
	l.usage.pass(uint64(passed), l)
}

// changed notes how many seats are wanted from now on.
func (l *level) changed() { l.demand.set(l.seats + l.waitingSeats) }

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

// pick deals the flow its hand of queues and chooses the one with the least
// work in it.
func (l *level) pick(hash uint64) *queue {
	deal(hash, l.queues, l.hand, l.sorted)
	best := -1
	for i := range l.hand {
		// Begin elsewhere each time, so that no queue is preferred.
		index := l.hand[(l.arrivals+i)%len(l.hand)]
		if best < 0 || l.work(index) < l.work(best) {
			best = index
		}
	}
	l.arrivals++
	if l.deck == nil {
		l.deck = make([]*queue, l.queues)
	}
	if l.deck[best] == nil {
		l.deck[best] = &queue{index: best, place: -1}
	}
	return l.deck[best]
}

func (l *level) work(index int) float64 {
	if l.deck == nil || l.deck[index] == nil {
		return 0
	}
	return l.deck[index].waitingWork
}
