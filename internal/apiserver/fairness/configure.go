package fairness

import (
	"slices"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/utils/ptr"
)

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
	exempt := p.Name == flowcontrolv1.PriorityLevelConfigurationNameExempt
	switch p.Spec.Type {
	case flowcontrolv1.PriorityLevelEnablementExempt:
		return exempt && p.Spec.Exempt != nil && p.Spec.Limited == nil
	case flowcontrolv1.PriorityLevelEnablementLimited:
		return !exempt && p.Spec.Exempt == nil && p.Spec.Limited != nil && usableResponse(&p.Spec.Limited.LimitResponse)
	}
	return false
}

func usableResponse(r *flowcontrolv1.LimitResponse) bool {
	if r.Type != flowcontrolv1.LimitResponseTypeQueue {
		return r.Type == flowcontrolv1.LimitResponseTypeReject && r.Queuing == nil
	}
	q := r.Queuing
	return q != nil && q.Queues > 0 && q.HandSize > 0 && q.HandSize <= q.Queues
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

// setLevels makes, changes and gives up levels. The mandatory ones are always
// there.
func (d *Dispatcher) setLevels(objects []*flowcontrolv1.PriorityLevelConfiguration, now time.Time) {
	wanted := map[string]*flowcontrolv1.PriorityLevelConfiguration{}
	for _, p := range slices.Concat(MandatoryLevels(), objects) {
		if Usable(p) {
			wanted[p.Name] = p
		}
	}
	for name, p := range wanted {
		l := d.levels[name]
		if l == nil {
			l = newLevel(name, now)
			d.levels[name] = l
		}
		l.share = shareOf(p)
		l.configure(settingsOf(p), now)
	}
	for name, l := range d.levels {
		if wanted[name] == nil && l.giveUp() {
			delete(d.levels, name)
		}
	}
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

// reap removes a level that was given up, if it is still not used.
func (d *Dispatcher) reap(l *level, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.levels[l.name] != l || !l.canGo() {
		return
	}
	delete(d.levels, l.name)
	d.distribute(now)
}

func (l *level) canGo() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle()
}

// newConfig prepares the schemas whose levels are there. The mandatory ones
// are added where they are missing.
func (d *Dispatcher) newConfig(objects []*flowcontrolv1.FlowSchema) *config {
	c := &config{}
	known := map[string]bool{}
	for _, fs := range objects {
		if s := d.schema(fs); s != nil {
			c.schemas, known[fs.Name] = append(c.schemas, s), true
		}
	}
	for _, fs := range MandatorySchemas() {
		if !known[fs.Name] {
			c.schemas = append(c.schemas, d.schema(fs))
		}
	}
	slices.SortFunc(c.schemas, compareSchemas)
	c.rest = c.schemas[slices.IndexFunc(c.schemas, func(s *schema) bool { return s.name == flowcontrolv1.FlowSchemaNameCatchAll })]
	return c
}

// schema is nil where the FlowSchema leads to a level that is not there.
func (d *Dispatcher) schema(fs *flowcontrolv1.FlowSchema) *schema {
	l := d.levels[fs.Spec.PriorityLevelConfiguration.Name]
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return nil
	}
	s := newSchema(fs)
	s.level, s.levelUID = l, []string{l.uid}
	if s.flow = l.flows[s.name]; s.flow == nil {
		s.flow = newFlow(s.name)
		l.flows[s.name] = s.flow
	}
	s.sharded, s.hash = l.queues > 1, hashSchema(d.seed, s.name)
	if l.queues > 0 {
		s.mostSeats = mostSeats(l.nominal, l.handSize)
	}
	return s
}
