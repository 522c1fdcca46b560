package fairness

import (
	"math"
	"slices"
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

// claim is what one level may have of the seats: between least and most, and
// otherwise in proportion to what it aims at.
type claim struct{ target, least, most float64 }

// leastTarget stands for targets of zero, which could not be scaled.
const leastTarget = 0.001

func (c claim) at(fraction float64) float64 {
	return min(max(fraction*max(c.target, leastTarget), c.least), c.most)
}

// fractionFor finds the fraction at which all claims add up to seats. Beyond what
// they can add up to, it is that at which all have their least or most.
func fractionFor(seats float64, claims []claim) (fraction float64) {
	if len(claims) == 0 {
		return 0
	}
	sum := func(fraction float64) (all float64) {
		for _, c := range claims {
			all += c.at(fraction)
		}
		return all
	}
	// Between two of these, the sum is a straight line.
	bends := make([]float64, 0, 2*len(claims))
	for _, c := range claims {
		target := max(c.target, leastTarget)
		bends = append(bends, c.least/target, c.most/target)
	}
	slices.Sort(bends)
	from, had := bends[0], sum(bends[0])
	for _, to := range bends[1:] {
		have := sum(to)
		if have >= seats && have > had {
			return from + max(0, seats-had)*(to-from)/(have-had)
		}
		from, had = to, have
	}
	return from
}

// part is a share of seats, rounded up: that all parts may be a little more
// than the whole does not matter.
func part(seats, shares, all int) int {
	if all == 0 {
		return 0
	}
	return int(math.Ceil(float64(seats) * float64(shares) / float64(all)))
}

func percent(of, percent int) int { return int(math.Round(float64(of) * float64(percent) / 100)) }

// adjustEvery is how often seats are lent anew, while there are requests.
const adjustEvery = 10 * time.Second

// keptEachTime is how much of a demand that has gone is remembered from one
// adjustment to the next: half of it for five minutes.
const keptEachTime = 0.977

// demand is how many seats a level could have used.
type demand struct {
	seconds, sum, squares float64 // integrals of 1, n and n² since the last reading
	now, highest          float64

	// What the last reading said.
	high, average, deviation float64
	// smoothed follows a growing demand at once, and a shrinking one slowly.
	smoothed float64
}

// pass says that so many seats were wanted for so long.
func (d *demand) pass(seconds, seats float64) {
	d.seconds += seconds
	d.sum += seats * seconds
	d.squares += seats * seats * seconds
}

// set says how many seats are wanted from now on.
func (d *demand) set(seats int) {
	d.now = float64(seats)
	d.highest = max(d.highest, d.now)
}

// read ends a period and takes it into account.
func (d *demand) read() {
	d.high = d.highest
	d.highest = d.now
	if d.seconds <= 0 {
		return
	}
	d.average = d.sum / d.seconds
	d.deviation = math.Sqrt(max(0, d.squares/d.seconds-d.average*d.average))
	kept := math.Pow(keptEachTime, d.seconds/adjustEvery.Seconds())
	envelope := d.average + d.deviation
	d.smoothed = max(envelope, kept*d.smoothed+(1-kept)*envelope)
	d.seconds, d.sum, d.squares = 0, 0, 0
}
