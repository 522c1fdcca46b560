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

// Constants of the 64-bit FNV-1a hash.
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

// hashSchema begins to name the flows of a FlowSchema by numbers. The seed
// keeps those who choose their names from choosing whose queues they share.
func hashSchema(seed uint64, name string) uint64 {
	return (hashText(hashStart^seed, name) ^ 0xff) * hashPrime
}

// hashFlow names one of them.
func hashFlow(schema uint64, distinguisher string) uint64 {
	h := hashText(schema, distinguisher)
	h ^= h >> 33 // every bit is to depend on all of the text
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

func hashText(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * hashPrime
	}
	return h
}

// deal draws len(hand) different cards of a deck, which the hash chooses: all
// hands are equally likely as long as the hash has more bits than there are
// hands to tell apart. sorted is room for as many cards.
func deal(hash uint64, deck int, hand, sorted []int) {
	for i := range hand {
		left := uint64(deck - i)
		rest := hash / left
		card := int(hash - rest*left)
		hash = rest
		// It is the place among the cards that are left: skip those drawn.
		at := 0
		for ; at < i && card >= sorted[at]; at++ {
			card++
		}
		copy(sorted[at+1:i+1], sorted[at:i])
		sorted[at] = card
		hand[i] = card
	}
}
