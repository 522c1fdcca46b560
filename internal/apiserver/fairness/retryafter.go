package fairness

import "time"

// retryAfter is how many seconds those who are refused should wait. It grows
// while many are refused and shrinks when few are, as TCP does it: doubled,
// and one less at a time.
type retryAfter struct {
	seconds int64 // 0 is 1
	raised  int64 // when it was last doubled
	current int64 // the second that is being counted
	refused [2 * mostRetryAfter]int64
}

const mostRetryAfter = 32

// refuse counts one more, and returns how long that one should wait.
func (a *retryAfter) refuse(now time.Time) int {
	second := now.Unix()
	if second > a.current {
		a.turn(second)
	}
	a.refused[a.slot(a.current)]++
	return int(a.seconds)
}

func (a *retryAfter) slot(second int64) int64 { return second % int64(len(a.refused)) }

// turn begins a new second. The seconds before it, as many as callers have to
// wait, say whether that is too short or too long.
func (a *retryAfter) turn(second int64) {
	for s := max(a.current+1, second-int64(len(a.refused))+1); s <= second; s++ {
		a.refused[a.slot(s)] = 0
	}
	a.current = second
	a.seconds = max(a.seconds, 1)
	var n int64
	for s := second - a.seconds; s < second; s++ {
		n += a.refused[a.slot(s)]
	}
	switch {
	case second-a.raised >= a.seconds && n >= 3*a.seconds:
		a.seconds, a.raised = min(2*a.seconds, mostRetryAfter), second
	case n < a.seconds && a.seconds > 1:
		a.seconds--
	}
}
