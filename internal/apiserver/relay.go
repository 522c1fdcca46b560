package apiserver

import (
	"net/http"
	"sync"

	"skiff/internal/store"
)

// errander is an answer that can be added to without its handler's goroutine:
// that of our HTTP/2 server (see http2server.response).
type errander interface {
	Later(f func()) (start func())
	TryWrite(p []byte) bool
}

// errands finds it below what has been put around it; nil if it is not there.
func errands(w http.ResponseWriter) errander {
	for {
		if e, ok := w.(errander); ok {
			return e
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}

// relayed is how many events a relay takes before the handler has to help.
const relayed = 64

// relay carries the events of a watch from the table to the connection past
// the handler's goroutine: that one event wakes a goroutine for each connection
// that watches, and not for each watch, is what makes it cheap to watch. When
// the client falls behind, or an event cannot be laid out, the handler takes
// over until it has caught up.
type relay struct {
	lay    func(store.Event) (frame []byte, err error) // good until the next call
	sent   func(frame []byte)
	out    errander
	errand func()        // pass, as Later wants it
	stuck  chan struct{} // has something in it when the handler is to take over

	mu      sync.Mutex
	idle    sync.Cond     // passing has ended
	events  []store.Event // to be passed on
	passing bool          // an errand is under way
	closed  bool          // the handler has to take over, or is at it
}

func newRelay(out errander, lay func(store.Event) ([]byte, error), sent func([]byte)) *relay {
	r := &relay{lay: lay, sent: sent, out: out, stuck: make(chan struct{}, 1)}
	r.idle.L = &r.mu
	r.errand = r.pass
	return r
}

// take accepts an event, unless the handler has to deal with it. It is a
// store.Take.
func (r *relay) take(ev store.Event) (start func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.events) >= relayed {
		return nil, false
	}
	r.events = append(r.events, ev)
	if !r.passing {
		r.passing = true
		start = r.out.Later(r.errand)
	}
	return start, true
}

// pass is the errand: it writes what was taken. What it could not write is the
// handler's; an event whose layout panics too, and there it will be reported.
func (r *relay) pass() {
	batch, next := r.batch(nil), 0
	defer func() {
		if next < len(batch) {
			_ = recover()
			r.giveUp(batch[next:])
		}
	}()
	for len(batch) > 0 {
		for next = 0; next < len(batch); next++ {
			frame, err := r.lay(batch[next])
			if err != nil || !r.out.TryWrite(frame) {
				return
			}
			r.sent(frame)
		}
		batch, next = r.batch(batch), 0
	}
}

// batch exchanges what has been passed on for what there is now. Without any
// the errand is over.
func (r *relay) batch(done []store.Event) []store.Event {
	clear(done)
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := r.events
	r.events = done[:0]
	if len(batch) == 0 {
		r.passing = false
		r.idle.Broadcast()
	}
	return batch
}

func (r *relay) giveUp(left []store.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(left, r.events...)
	r.passing, r.closed = false, true
	r.idle.Broadcast()
	select {
	case r.stuck <- struct{}{}:
	default:
	}
}

// left waits until the errand is over and returns what it has left. With none
// left the relay is open again.
func (r *relay) left() []store.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.passing {
		r.idle.Wait()
	}
	left := r.events
	r.events = nil
	r.closed = len(left) > 0
	return left
}

// close has the relay take and pass nothing any more.
func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for r.passing {
		r.idle.Wait()
	}
}
