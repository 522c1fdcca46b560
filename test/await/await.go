// Package await is where tests wait for what comes about without telling: what
// the kernel, another process or another machine does. It looks again and again
// until a condition holds; nothing else in the tests does that, and none of
// them sleeps. It owns nothing and knows no component.
package await

import (
	"errors"
	"testing"
	"time"
)

// again is how long the condition is left alone between two looks.
const again = 5 * time.Millisecond

// NoError waits until try has none, and fails the test with the last one if
// that takes longer than limit.
func NoError(t testing.TB, limit time.Duration, what string, try func() error) {
	t.Helper()
	end := time.NewTimer(limit)
	defer end.Stop()
	next := time.NewTicker(again)
	defer next.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-end.C:
			t.Fatalf("no %s within %s: %v", what, limit, err)
		case <-next.C:
		}
	}
}

// True waits until met says so.
func True(t testing.TB, limit time.Duration, what string, met func() bool) {
	t.Helper()
	NoError(t, limit, what, func() error {
		if !met() {
			return errNotYet
		}
		return nil
	})
}

var errNotYet = errors.New("it is not so yet")
