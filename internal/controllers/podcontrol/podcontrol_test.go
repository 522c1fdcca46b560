package podcontrol

import (
	"errors"
	"sync/atomic"
	"testing"
)

func TestSlowStart(t *testing.T) {
	var seen [10]atomic.Bool
	if err := SlowStart(10, func(i int) error { seen[i].Store(true); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range seen {
		if !seen[i].Load() {
			t.Errorf("%d was left out", i)
		}
	}
	var asked atomic.Int32
	refusal := errors.New("no")
	err := SlowStart(100, func(i int) error {
		asked.Add(1)
		if i >= 2 {
			return refusal
		}
		return nil
	})
	if !errors.Is(err, refusal) || asked.Load() != 3 {
		t.Errorf("%v after %d calls, want the refusal after 1 + 2", err, asked.Load())
	}
}
