package apiserver

import (
	"sync"
	"time"
)

// lastWordsTime is how long a client may take to receive what is under way to
// it when its watch ends.
const lastWordsTime = 3 * time.Second

// lastWords ends the writing of a watch that is over. A client that does not
// read keeps its watch in a write that would never end, and with it all that
// the watch holds: its time would not pass, and to be dropped would not reach
// it.
type lastWords struct {
	s sink

	mu   sync.Mutex
	over bool // the answer is the sink's no more
}

// hurry gives the client its last moment.
func (l *lastWords) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		_ = l.s.setDeadline(time.Now().Add(lastWordsTime))
	}
}

// spoken says that the watch writes no more. Other requests on the connection
// have all the time they need.
func (l *lastWords) spoken() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	_ = l.s.setDeadline(time.Time{})
}
