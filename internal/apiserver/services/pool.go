package services

import (
	"errors"
	"math/rand/v2"
)

// pool is a set of numbers of which each is taken at most once. Its first
// reserved numbers are given only to those who ask for them by name, as long
// as there are others: people like low numbers.
type pool struct {
	size, reserved int
	taken          map[int]bool
}

var errFull = errors.New("range is full")

func newPool(size, reserved int) *pool {
	return &pool{size: size, reserved: reserved, taken: map[int]bool{}}
}

// take takes number n, and says whether it was free.
func (p *pool) take(n int) bool {
	if p.taken[n] {
		return false
	}
	p.taken[n] = true
	return true
}

// any takes a free number: a random one, so that numbers are not soon reused.
func (p *pool) any() (int, error) {
	if n, ok := p.search(p.reserved, p.size); ok {
		return n, nil
	}
	if n, ok := p.search(0, p.reserved); ok {
		return n, nil
	}
	return 0, errFull
}

func (p *pool) search(from, to int) (int, bool) {
	if from >= to {
		return 0, false
	}
	start := rand.IntN(to - from)
	for i := range to - from {
		if n := from + (start+i)%(to-from); p.take(n) {
			return n, true
		}
	}
	return 0, false
}

func (p *pool) release(n int) { delete(p.taken, n) }

// band is how many of a range's numbers are reserved: a share of them, but no
// fewer than least and no more than most. Small ranges reserve none.
func band(size, share, least, most int) int {
	if size < least {
		return 0
	}
	return min(max(least, size/share), most)
}
