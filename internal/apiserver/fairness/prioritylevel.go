package fairness

import (
	"sync"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/utils/ptr"
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
type totals struct{ dispatched, refused, cancelled int }

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
	elapsed := seconds(passed)
	wanted := float64(l.seats + l.waitingSeats)
	if l.active > 0 {
		l.virtual += min(wanted, float64(l.limit)) / float64(l.active) * elapsed
	}
	l.demand.pass(elapsed, wanted)
	l.usage.pass(uint64(passed), l)
}

// changed notes how many seats are wanted from now on.
func (l *level) changed() { l.demand.set(l.seats + l.waitingSeats) }

// share is what a level has of the server's seats. The dispatcher's lock
// guards it.
type share struct {
	uid string

	shares, lendable int // lendable is a percentage, as is borrowing
	borrowing        int // -1: no limit

	// nominal is its part of all seats. It keeps least of them however little
	// it needs, and never has more than most.
	nominal, least, most int
	// low is what its demand makes of least, target what it would like, and
	// current what it has.
	low     int
	target  float64
	current int
}

// Usable says whether requests can be sent to a level. The API refuses all
// others, so they come from elsewhere.
func Usable(p *flowcontrolv1.PriorityLevelConfiguration) bool {
	s := &p.Spec
	if p.Name == flowcontrolv1.PriorityLevelConfigurationNameExempt {
		return s.Type == flowcontrolv1.PriorityLevelEnablementExempt && s.Exempt != nil && s.Limited == nil
	}
	if s.Type != flowcontrolv1.PriorityLevelEnablementLimited || s.Limited == nil || s.Exempt != nil {
		return false
	}
	r := &s.Limited.LimitResponse
	if r.Queuing == nil {
		return r.Type == flowcontrolv1.LimitResponseTypeReject
	}
	return r.Type == flowcontrolv1.LimitResponseTypeQueue && r.Queuing.HandSize > 0 && r.Queuing.HandSize <= r.Queuing.Queues
}

// shareOf reads what the object says of seats.
func shareOf(p *flowcontrolv1.PriorityLevelConfiguration) share {
	s := share{uid: string(p.UID), borrowing: -1}
	if e := p.Spec.Exempt; e != nil {
		s.shares, s.lendable = int(ptr.Deref(e.NominalConcurrencyShares, 0)), int(ptr.Deref(e.LendablePercent, 0))
		return s
	}
	l := p.Spec.Limited
	s.shares, s.lendable = int(ptr.Deref(l.NominalConcurrencyShares, 30)), int(ptr.Deref(l.LendablePercent, 0))
	if l.BorrowingLimitPercent != nil {
		s.borrowing = int(*l.BorrowingLimitPercent)
	}
	return s
}

// settingsOf reads what the object says of those who find no seat.
func settingsOf(p *flowcontrolv1.PriorityLevelConfiguration) settings {
	if p.Spec.Limited == nil {
		return settings{exempt: true}
	}
	q := p.Spec.Limited.LimitResponse.Queuing
	if q == nil {
		return settings{}
	}
	return settings{queues: int(q.Queues), handSize: int(q.HandSize), longest: int(q.QueueLengthLimit)}
}

// configure changes the settings; who waits already keeps its place.
func (l *level) configure(s settings, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	l.gone = false
	if s.queues != l.queues && l.deck != nil {
		deck := make([]*queue, s.queues)
		copy(deck, l.deck) // those beyond are left when they are empty
		l.deck = deck
	}
	l.settings = s
	l.hand, l.sorted = make([]int, s.handSize), make([]int, s.handSize)
}

// giveUp marks a level that nobody asks for any more, and says whether it can
// go at once.
func (l *level) giveUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	return l.unused()
}

func (l *level) canGo() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle()
}
