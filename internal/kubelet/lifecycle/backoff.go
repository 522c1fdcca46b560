package lifecycle

import "time"

const (
	// A container that ends is restarted at once the first time, then after
	// 10 s, 20 s, ... 5 min; ten minutes of running start that over. Failed
	// image pulls wait alike.
	backoffInitial = 10 * time.Second
	backoffMax     = 5 * time.Minute

	// What failed for another reason (a volume, a sandbox) is tried again
	// sooner: the cause is on this node and is often gone soon.
	retryInitial = time.Second
	retryMax     = 30 * time.Second
)

// Backoff is a delay that doubles. The zero value does not delay.
type Backoff struct {
	Delay time.Duration
	Set   time.Time // when Delay was last raised
}

// Until returns when waiting ends that began at since; the zero time when
// there is nothing to wait for.
func (b Backoff) Until(since time.Time) time.Time {
	if b.Delay == 0 || b.expired(since) {
		return time.Time{}
	}
	return since.Add(b.Delay)
}

// next is the backoff after another failure at since.
func (b Backoff) next(since, now time.Time, initial, most time.Duration) Backoff {
	if b.Delay == 0 || b.expired(since) {
		return Backoff{Delay: initial, Set: now}
	}
	return Backoff{Delay: min(2*b.Delay, most), Set: now}
}

func (b Backoff) expired(since time.Time) bool { return since.Sub(b.Set) > 2*backoffMax }
