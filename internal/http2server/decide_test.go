package http2server

import (
	"math"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	const s = time.Second
	never := time.Duration(math.MaxInt64)
	both := limits{idle: 90 * s, pingAfter: 30 * s, pingAnswer: 15 * s}
	for name, c := range map[string]struct {
		limits
		pulse
		want verdict
		next time.Duration // 0: of no account
	}{
		"new":                       {both, pulse{}, fine, 30 * s},
		"silent for a while":        {both, pulse{now: 20 * s, active: true}, fine, 10 * s},
		"silent for long":           {both, pulse{now: 30 * s, active: true}, ask, 15 * s},
		"waiting for the answer":    {both, pulse{now: 40 * s, pinged: 30 * s, active: true}, fine, 5 * s},
		"the answer came":           {both, pulse{now: 46 * s, pinged: 30 * s, heard: 31 * s, active: true}, fine, 15 * s},
		"no answer":                 {both, pulse{now: 45 * s, pinged: 30 * s, active: true}, lost, 0},
		"idle for a while":          {both, pulse{now: 80 * s, heard: 79 * s, pinged: 30 * s}, fine, 10 * s},
		"idle for long":             {both, pulse{now: 90 * s, heard: 79 * s}, leave, 0},
		"idle since a request":      {both, pulse{now: 90 * s, heard: 89 * s, idleAt: 88 * s}, fine, 29 * s},
		"no pings, idle":            {limits{idle: 9 * s}, pulse{now: s}, fine, 8 * s},
		"no pings, active":          {limits{idle: 9 * s}, pulse{now: 99 * s, active: true}, fine, 9 * s},
		"no limits":                 {limits{}, pulse{now: 99 * s}, fine, never - 99*s},
		"pings only, idle for days": {limits{pingAfter: 30 * s, pingAnswer: s}, pulse{now: 999999 * s, heard: 999990 * s}, fine, 21 * s},
	} {
		got, next := c.judge(c.pulse)
		if got != c.want || c.next != 0 && next != c.next {
			t.Errorf("%s: %v, look again in %v; want %v, %v", name, got, next, c.want, c.next)
		}
	}
}

func TestFloodIsARate(t *testing.T) {
	var f flood
	for n := range floodLimit {
		if !f.allows(0) {
			t.Fatalf("%d are too many", n)
		}
	}
	if f.allows(floodTime - 1) {
		t.Error("there is no limit")
	}
	if !f.allows(floodTime) {
		t.Error("it is never forgotten")
	}
}

func TestInflow(t *testing.T) {
	f := newInflow(100)
	if f.take(101) || !f.take(100) || f.take(1) {
		t.Error("the window is not kept")
	}
	if n := f.give(24); n != 0 {
		t.Errorf("%d granted at once", n)
	}
	if n := f.give(1); n != 25 || !f.take(25) || f.take(1) {
		t.Errorf("%d granted after 25 were read", n)
	}
}

// A body keeps the order of what comes, however it is read, and forgets what
// was read.
func TestBodySpace(t *testing.T) {
	b := &body{}
	b.more.L = &b.mu
	wrote, read := byte(0), byte(0)
	p := make([]byte, 700)
	for round := range 2000 {
		data := make([]byte, round%900)
		for i := range data {
			data[i] = wrote
			wrote++
		}
		b.add(data)
		for len(b.unread) > 2000 {
			for _, got := range p[:b.take(p[:1+round%700])] {
				if got != read {
					t.Fatalf("round %d: got %d, want %d", round, got, read)
				}
				read++
			}
		}
	}
	if cap(b.space) > 16<<10 {
		t.Errorf("it keeps %d bytes for 2000", cap(b.space))
	}
}
