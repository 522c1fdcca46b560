package apiserver

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"skiff/internal/store"
)

// line is a connection that takes frames, as many as it has room for.
type line struct {
	errands []func()
	room    int
	frames  []string
}

func (l *line) Later(f func()) func() {
	l.errands = append(l.errands, f)
	return func() {}
}

func (l *line) TryWrite(p []byte) bool {
	if len(l.frames) == l.room {
		return false
	}
	l.frames = append(l.frames, string(p))
	return true
}

func (l *line) run() {
	for _, f := range l.errands {
		f()
	}
	l.errands = nil
}

// mark is an event that can be told from others, without an object.
func mark(n int) store.Event { return store.Event{Type: store.Bookmark, Revision: int64(n)} }

func relayOver(l *line) *relay {
	return newRelay(l, func(ev store.Event) ([]byte, error) {
		if ev.Revision < 0 {
			panic("cannot be laid out")
		}
		return fmt.Append(nil, ev.Revision), nil
	}, func([]byte) {})
}

// take hands a relay events, and says how many it took.
func take(r *relay, revisions ...int) (taken int) {
	for _, n := range revisions {
		if _, ok := r.take(mark(n)); !ok {
			return taken
		}
		taken++
	}
	return taken
}

func revisions(events []store.Event) (list []int) {
	for _, ev := range events {
		list = append(list, int(ev.Revision))
	}
	return list
}

func TestRelayPassesInOrder(t *testing.T) {
	l := &line{room: 10}
	r := relayOver(l)
	take(r, 1, 2)
	if len(l.errands) != 1 {
		t.Errorf("%d errands for two events of a burst", len(l.errands))
	}
	l.run()
	take(r, 3)
	l.run()
	if want := []string{"1", "2", "3"}; !slices.Equal(l.frames, want) {
		t.Errorf("passed on %v, want %v", l.frames, want)
	}
	if left := r.left(); len(left) > 0 || len(r.stuck) > 0 {
		t.Errorf("left over: %v", revisions(left))
	}
}

// TestRelayLeavesTheRest: the handler gets all from the event on that the
// client has no room for, and the relay takes none until it has dealt with them.
func TestRelayLeavesTheRest(t *testing.T) {
	l := &line{room: 1}
	r := relayOver(l)
	take(r, 1, 2, 3)
	l.run()
	select {
	case <-r.stuck:
	default:
		t.Error("the handler is not told")
	}
	if n := take(r, 4); n > 0 {
		t.Error("an event was taken before what was left")
	}
	if left := revisions(r.left()); !slices.Equal(left, []int{2, 3}) {
		t.Errorf("left: %v", left)
	}
	if n := take(r, 4); n > 0 {
		t.Error("an event was taken while the handler sends what was left")
	}
	if left := r.left(); len(left) > 0 {
		t.Errorf("left twice: %v", revisions(left))
	}
	l.room = 10
	take(r, 5)
	l.run()
	if want := []string{"1", "5"}; !slices.Equal(l.frames, want) {
		t.Errorf("passed on %v, want %v", l.frames, want)
	}
}

func TestRelayTakesSoMuch(t *testing.T) {
	r := relayOver(&line{})
	if n := take(r, make([]int, 2*relayed)...); n != relayed {
		t.Errorf("took %d events, want %d", n, relayed)
	}
}

// TestRelayLeavesWhatPanics: the handler's goroutine is where that is reported,
// and ends one request only.
func TestRelayLeavesWhatPanics(t *testing.T) {
	l := &line{room: 10}
	r := relayOver(l)
	take(r, 1, -2, 3)
	l.run()
	if left := revisions(r.left()); !slices.Equal(left, []int{-2, 3}) || len(l.frames) != 1 {
		t.Errorf("passed on %v, left %v", l.frames, left)
	}
}

// TestRelayCloses: nothing is passed on once the handler has ended.
func TestRelayCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{room: 10}
		r := relayOver(l)
		take(r, 1)
		closed := false
		go func() { r.close(); closed = true }()
		if synctest.Wait(); closed {
			t.Error("closed before the errand that is under way was over")
		}
		if n := take(r, 2); n > 0 {
			t.Error("an event was taken at the end")
		}
		l.run()
		if synctest.Wait(); !closed || len(l.frames) != 1 {
			t.Errorf("closed %v, passed on %v", closed, l.frames)
		}
	})
}
