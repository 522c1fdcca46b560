package store

import "time"

// event is one change of a table, made once and shared by all watchers.
type event struct {
	current, previous *item // nil: was not, or is no longer, there
	revision          int64
	gone              *item // previous, at revision; made when first needed
}

// deleted is the last state as those see it for whom the object is gone. The
// table's lock guards it.
func (e *event) deleted() *item {
	if e.gone == nil {
		e.gone = e.previous.at(e.revision)
	}
	return e.gone
}

// key of the object that changed.
func (e *event) key() string {
	if e.current != nil {
		return e.current.key
	}
	return e.previous.key
}

// seenBy is the event in the terms of a filter, if it sees anything.
func (e *event) seenBy(f *filter) (Event, bool) {
	now := e.current != nil && f.matches(e.current)
	before := e.previous != nil && f.matches(e.previous)
	switch {
	case now && before:
		return Event{Type: Modified, Item: e.current, Revision: e.revision}, true
	case now:
		return Event{Type: Added, Item: e.current, Revision: e.revision}, true
	case before:
		return Event{Type: Deleted, Item: e.deleted(), Revision: e.revision}, true
	}
	return Event{}, false
}

// history is the latest events of a table, from which a watch can start in
// the past. It keeps what is young, within bounds of number and memory.
type history struct {
	start  int64 // all events after this revision are held
	events []held
	first  int // index of the oldest event held
	bytes  int // memory that only the history keeps alive
}

type held struct {
	*event
	at time.Time
}

const (
	historyMin   = 100
	historyMax   = 16 << 10
	historyBytes = 8 << 20
	historyAge   = 75 * time.Second
)

func (h *history) add(e *event, now time.Time) {
	h.events = append(h.events, held{e, now})
	h.bytes += e.cost()
	for h.crowded(now) {
		h.drop()
	}
}

// cost is the size of the state that the event alone keeps in memory.
func (e *event) cost() int {
	if e.previous == nil {
		return 0
	}
	return len(e.previous.wire)
}

func (h *history) crowded(now time.Time) bool {
	n := len(h.events) - h.first
	if n <= historyMin {
		return false
	}
	return n > historyMax || h.bytes > historyBytes || now.Sub(h.events[h.first].at) > historyAge
}

// drop forgets the oldest event. The space is reused once half is empty.
func (h *history) drop() {
	oldest := h.events[h.first]
	h.start = oldest.revision
	h.bytes -= oldest.cost()
	h.events[h.first] = held{}
	h.first++
	if h.first*2 >= len(h.events) {
		n := copy(h.events, h.events[h.first:])
		clear(h.events[n:])
		h.events, h.first = h.events[:n], 0
	}
}

// after are the events behind a revision, oldest first; false when they are
// no longer all held.
func (h *history) after(revision int64) ([]held, bool) {
	if revision < h.start {
		return nil, false
	}
	events := h.events[h.first:]
	low, high := 0, len(events)
	for low < high {
		mid := (low + high) / 2
		if events[mid].revision > revision {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return events[low:], true
}
