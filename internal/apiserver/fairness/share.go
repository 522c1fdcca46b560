package fairness

import (
	"math"
	"slices"
)

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
