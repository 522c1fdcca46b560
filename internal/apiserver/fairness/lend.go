package fairness

import (
	"math"
	"time"
)

// Adjust lends seats by what levels have needed lately, if it is time to. It
// is called whenever a request comes, and by those who wait: with nobody
// there, nothing has to be lent.
func (d *Dispatcher) Adjust(now time.Time) {
	if int64(now.Sub(d.start)) < d.due.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.UntilAdjustment(now) <= 0 {
		d.adjust(now)
	}
}

// UntilAdjustment is how long seats are lent as they are.
func (d *Dispatcher) UntilAdjustment(now time.Time) time.Duration {
	return time.Duration(d.due.Load()) - now.Sub(d.start)
}

// distribute gives each level its part of all seats, and lends them anew. The
// caller holds mu.
func (d *Dispatcher) distribute(now time.Time) {
	all := 0
	for _, l := range d.levels {
		all += l.shares
	}
	for _, l := range d.levels {
		l.nominal = part(d.seats, l.shares, all)
		l.least = l.nominal - percent(l.nominal, l.lendable)
		l.most = l.nominal + d.seats
		if l.borrowing >= 0 {
			l.most = l.nominal + percent(l.nominal, l.borrowing)
		}
	}
	d.adjust(now)
}

// adjust reads all demands and sets all limits. The caller holds mu.
func (d *Dispatcher) adjust(now time.Time) {
	d.due.Store(int64(now.Sub(d.start) + adjustEvery))
	var claims []claim
	left, least, low := 0, 0, 0
	for _, l := range d.levels {
		l.judge(now)
		left += l.nominal
		if l.settings.exempt {
			left -= l.low // it has what it takes; the others share the rest
			continue
		}
		claims = append(claims, l.claim())
		least += l.least
		low += l.low
	}
	d.fraction = 0
	if left > low {
		d.fraction = fractionFor(float64(left), claims)
	}
	for _, l := range d.levels {
		switch {
		case l.settings.exempt:
			l.current = l.low
		case left > low:
			l.current = int(math.Round(l.claim().at(d.fraction)))
		case left > least:
			l.current = l.least + int(math.Round(float64((l.low-l.least)*(left-least))/float64(low-least)))
		default:
			l.current = l.least
		}
		l.setLimit(d.seats, now)
	}
}

// judge ends a period of the level's demand and says what that asks for.
func (l *level) judge(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	l.demand.read()
	high := int(math.Round(l.demand.high))
	if !l.settings.exempt {
		high = min(l.nominal, high) // more than its own it has to borrow
	}
	l.low = max(l.least, high)
	l.target = max(float64(l.low), l.demand.smoothed)
}

func (l *level) claim() claim { return claim{l.target, float64(l.low), float64(l.most)} }

func (l *level) setLimit(all int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	l.limit = l.current
	l.full = float64(l.limit)
	if l.limit == 0 {
		l.full = max(1, math.Round(float64(all)/10))
	}
	l.dispatch(now)
}
