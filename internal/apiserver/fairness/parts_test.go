package fairness

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHandsAreDealt(t *testing.T) {
	const deck, size = 16, 4
	hand, sorted := make([]int, size), make([]int, size)
	counts := make([]int, deck)
	const flows = 20_000
	for i := range uint64(flows) {
		deal(hashFlow(hashSchema(7, "schema"), string(rune('a'+i%26))+time.Duration(i).String()), deck, hand, sorted)
		if !slices.IsSorted(sorted) || len(slices.Compact(slices.Clone(sorted))) != size || sorted[0] < 0 || sorted[size-1] >= deck {
			t.Fatalf("hand %v, sorted %v", hand, sorted)
		}
		for _, card := range hand {
			counts[card]++
		}
	}
	for card, n := range counts {
		if want := flows * size / deck; n < want*9/10 || n > want*11/10 {
			t.Errorf("queue %d was dealt %d times, want about %d", card, n, want)
		}
	}
	whole, room := make([]int, 5), make([]int, 5)
	deal(math.MaxUint64, 5, whole, room)
	if !slices.Equal(room, []int{0, 1, 2, 3, 4}) {
		t.Errorf("a hand of the whole deck is %v", whole)
	}
	// Both the schema and what tells its flows apart make the hash, and so
	// does the seed.
	a, b := hashFlow(hashSchema(1, "ab"), "c"), hashFlow(hashSchema(1, "a"), "bc")
	if a == b || a == hashFlow(hashSchema(2, "ab"), "c") || a != hashFlow(hashSchema(1, "ab"), "c") {
		t.Errorf("hashes %x, %x", a, b)
	}
}

func TestSeatsAreShared(t *testing.T) {
	for _, tt := range []struct{ seats, shares, all, want int }{
		{600, 5, 5, 600}, {600, 30, 245, 74}, {600, 100, 245, 245}, {10, 0, 5, 0}, {10, 0, 0, 0}, {1, 1, 1000, 1},
	} {
		if got := part(tt.seats, tt.shares, tt.all); got != tt.want {
			t.Errorf("part(%d, %d, %d) = %d, want %d", tt.seats, tt.shares, tt.all, got, tt.want)
		}
	}
	if percent(74, 33) != 24 || percent(245, 90) != 221 || percent(5, 50) != 3 {
		t.Error(percent(74, 33), percent(245, 90), percent(5, 50))
	}
}

func TestClaimsAreMet(t *testing.T) {
	for _, tt := range []struct {
		seats  float64
		claims []claim
		want   []float64
	}{
		{10, nil, nil},
		{10, []claim{{1, 0, 100}}, []float64{10}},
		{12, []claim{{1, 0, 100}, {2, 0, 100}}, []float64{4, 8}},
		{12, []claim{{1, 0, 100}, {2, 0, 5}}, []float64{7, 5}},
		{12, []claim{{1, 1, 100}, {20, 10, 100}}, []float64{1, 11}},
		{12, []claim{{5, 5, 6}, {5, 5, 6}}, []float64{6, 6}},
		{12, []claim{{5, 5, 5.5}, {5, 5, 5.5}}, []float64{5.5, 5.5}}, // all they may have
		{12, []claim{{9, 9, 10}, {9, 9, 10}}, []float64{9, 9}},       // all they must have
		{6, []claim{{0, 0, 100}, {0, 0, 100}}, []float64{3, 3}},
		{5, []claim{{0, 0, 100}, {0, 0, 0}}, []float64{5, 0}},
	} {
		fraction := fractionFor(tt.seats, tt.claims)
		for i, c := range tt.claims {
			if got := c.at(fraction); math.Abs(got-tt.want[i]) > 1e-9 {
				t.Errorf("%v seats for %v: claim %d gets %v, want %v", tt.seats, tt.claims, i, got, tt.want[i])
			}
		}
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		claims := make([]claim, 1+chance.IntN(12))
		least, most := 0.0, 0.0
		for i := range claims {
			low := float64(chance.IntN(50))
			claims[i] = claim{low + float64(chance.IntN(40)), low, low + float64(chance.IntN(60))}
			least, most = least+claims[i].least, most+claims[i].most
		}
		seats := math.Round(least + chance.Float64()*(most-least))
		fraction, sum := fractionFor(seats, claims), 0.0
		for _, c := range claims {
			sum += c.at(fraction)
		}
		if math.Abs(sum-seats) > 1e-6 {
			t.Fatalf("%v seats for %v: %v are given", seats, claims, sum)
		}
	}
}

func TestDemand(t *testing.T) {
	var d demand
	d.set(10)
	d.pass(5, 10)
	d.set(30)
	d.pass(5, 30)
	d.set(0)
	d.read()
	if d.high != 30 || d.average != 20 || d.deviation != 10 || d.smoothed != 30 {
		t.Errorf("%+v", d)
	}
	d.pass(10, 0)
	d.read()
	if d.high != 0 || d.average != 0 || math.Abs(d.smoothed-30*keptEachTime) > 1e-9 {
		t.Errorf("%+v", d)
	}
	// A long time is as many short ones.
	d.pass(290, 0)
	d.read()
	if want := 30 * math.Pow(keptEachTime, 30); math.Abs(d.smoothed-want) > 1e-9 || want < 14 || want > 16 {
		t.Errorf("after five minutes it is %v, want %v", d.smoothed, want)
	}
	had := d
	d.read() // at once
	if had.smoothed != d.smoothed || had.average != d.average {
		t.Errorf("no time makes %+v of %+v", d, had)
	}
	d.set(7)
	d.set(3)
	d.read()
	if d.high != 7 || d.highest != 3 {
		t.Errorf("a moment's demand: %+v", d)
	}
}

func TestWidths(t *testing.T) {
	for _, tt := range []struct {
		bytes int64
		most  int
		want  int
	}{{0, 0, 1}, {1, 0, 1}, {100_000, 0, 1}, {100_001, 0, 2}, {550_000, 0, 6}, {1 << 40, 0, 10}, {1 << 40, 4, 4}, {0, 4, 1}} {
		if w := ListWidth(tt.bytes, tt.most); w.Seats != tt.want || w.FinalSeats != 0 || w.Linger != 0 {
			t.Errorf("a list of %d bytes at most %d wide: %+v, want %d", tt.bytes, tt.most, w, tt.want)
		}
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		watches, most, seats int
		linger               time.Duration
	}{{0, 0, 0, 0}, {9, 0, 0, 0}, {10, 0, 1, 5 * ms}, {11, 0, 2, 5 * ms}, {100, 0, 10, 5 * ms}, {1000, 0, 10, 50 * ms}, {1000, 4, 4, 125 * ms}, {1000, 40, 10, 50 * ms}} {
		w := WriteWidth(tt.watches, tt.most)
		if w.Seats != 1 || w.FinalSeats != tt.seats || w.Linger != tt.linger || w.seats() != max(1, tt.seats) {
			t.Errorf("%d watches at most %d wide: %+v", tt.watches, tt.most, w)
		}
	}
	for _, tt := range []struct{ nominal, hand, want int }{{245, 6, 37}, {49, 6, 8}, {25, 4, 4}, {5, 8, 1}, {0, 1, 1}} {
		if got := mostSeats(tt.nominal, tt.hand); got != tt.want {
			t.Errorf("of %d seats and hands of %d: %d, want %d", tt.nominal, tt.hand, got, tt.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	var a retryAfter
	second := int64(1_000_000)
	next := func(refused int) (after int) {
		t.Helper()
		second++
		for range refused {
			after = a.refuse(time.Unix(second, 0))
		}
		return after
	}
	for i, step := range []struct{ refused, want int }{
		{1, 1}, {2, 1}, {3, 1}, // one or two a second are no overload
		{9, 2}, {9, 2}, {9, 4}, {9, 4}, {9, 4}, {9, 4}, {9, 8}, // doubled, but no sooner than who was told to wait may come
		{1, 8}, {1, 8},
	} {
		if got := next(step.refused); got != step.want {
			t.Fatalf("step %d: wait %d s, want %d", i, got, step.want)
		}
	}
	for range 200 {
		next(100)
	}
	if got := next(1); got != mostRetryAfter {
		t.Errorf("in a flood: wait %d s", got)
	}
	second += 100 // nothing happens
	if got := next(1); got != mostRetryAfter-1 {
		t.Errorf("after the flood: wait %d s", got)
	}
	for range 100 {
		second += 4
		next(1)
	}
	if got := next(1); got > 2 {
		t.Errorf("when all is well again: wait %d s", got)
	}
	if got := a.refuse(time.Unix(second-5, 0)); got > 2 {
		t.Errorf("one whose clock was read earlier waits %d s", got)
	}
}

func TestHistogram(t *testing.T) {
	h := newHistogram([]float64{1, 2, 4})
	for _, v := range []float64{0, 1, 1.5, 2, 3, 100} {
		h.observe(v)
	}
	all, upTo := h.buckets()
	if all != 6 || upTo[1] != 2 || upTo[2] != 4 || upTo[4] != 5 || h.sum != 107.5 {
		t.Errorf("%d, %v, %v", all, upTo, h.sum)
	}
}
