package store

import (
	"context"
	"errors"
	"sync"
)

var errClosed = errors.New("the store is closed")

// watcher is one Watch. While its reader keeps up, the follower itself hands
// events to the channel, or to what the reader has put in its place; only when
// the channel is full do they queue, and a goroutine lives for as long as that
// lasts.
type watcher struct {
	table  *table
	filter filter
	ch     chan Event
	stop   chan struct{} // closed with stopped
	detach func() bool   // from the context
	missed func()        // called when it is dropped; may be nil
	begin  func()        // called when what was before it has been sent

	mu      sync.Mutex
	initial func(yield func(Event) bool) // sent before the queue; then nil
	queue   []Event
	behind  int  // events queued or being sent by the goroutine
	pumping bool // a goroutine owns the channel
	direct  Take // in place of the channel, which is empty then
	stopped bool
	err     error
}

const (
	watchBuffer = 16
	// watchQueue is how many events a reader may lag behind.
	watchQueue = 10000
)

var _ Watch = (*watcher)(nil)

// Watch starts a stream of events.
func (t *table) Watch(ctx context.Context, o WatchOptions) (Watch, error) {
	least := o.MinRevision
	if o.Since > 0 && !o.Initial {
		least = o.Since
	}
	if err := t.wait(ctx, least); err != nil {
		return nil, err
	}
	w := &watcher{
		table:  t,
		filter: newFilter(o.Namespace, o.Name, o.Labels, o.Fields),
		ch:     make(chan Event, watchBuffer),
		stop:   make(chan struct{}),
		missed: o.Dropped,
		begin:  func() {},
	}
	if o.Begun != nil {
		w.begin = sync.OnceFunc(o.Begun)
	}
	w.filter.pin(t.codec.resource.Namespaced)
	if err := t.attach(w, o); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.detach = context.AfterFunc(ctx, w.Stop)
	w.mu.Unlock()
	if o.Bookmarks {
		t.store.beat.add(w)
	}
	return w, nil
}

// attach registers the watcher and gives it its past, at one moment, so that
// no event is missed or seen twice.
func (t *table) attach(w *watcher, o WatchOptions) error {
	reached := t.store.progress.get()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.store.ctx.Err() != nil {
		return errClosed
	}
	if o.Initial || o.Since == 0 {
		w.sendState(t.viewLocked(reached), o.Initial)
	} else if !w.sendPast(&t.history, o.Since) {
		return ErrExpired
	}
	t.watchers.add(w)
	return nil
}

// sendState sends what is there, and the bookmark that ends it if asked for.
func (w *watcher) sendState(view snapshot, mark bool) {
	p := &page{view: view, filter: w.filter}
	w.initial = func(yield func(Event) bool) {
		for it := range p.items {
			if !yield(Event{Type: Added, Item: it, Revision: it.Revision(), Initial: true}) {
				return
			}
		}
		if mark {
			yield(Event{Type: Bookmark, Revision: view.revision, InitialEnd: true})
		}
	}
	w.pumping = true
	go w.pump()
}

// sendPast sends the events behind a revision; false when they are gone.
func (w *watcher) sendPast(h *history, since int64) bool {
	events, held := h.after(since)
	if !held {
		return false
	}
	for _, e := range events {
		if seen, ok := e.seenBy(&w.filter); ok {
			w.queue = append(w.queue, seen)
		}
	}
	if w.behind = len(w.queue); w.behind == 0 {
		w.begin()
		return true
	}
	w.pumping = true
	go w.pump()
	return true
}

// push hands on an event without waiting; false when the reader is too slow.
func (w *watcher) push(e Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return true
	}
	if !w.pumping {
		if after, ok := w.hand(e); ok {
			w.table.watchers.do(after)
			return true
		}
		w.pumping = true
		go w.pump()
	}
	if w.behind >= watchQueue {
		return false
	}
	w.behind++
	w.queue = append(w.queue, e)
	return true
}

// hand gives the reader an event, if it can take it at once.
func (w *watcher) hand(e Event) (after func(), ok bool) {
	if w.direct != nil {
		if after, ok = w.direct(e); ok {
			return after, true
		}
		w.direct = nil
	}
	select {
	case w.ch <- e:
		return nil, true
	default:
		return nil, false
	}
}

// pump sends what is waiting and ends when there is no more.
func (w *watcher) pump() {
	if w.initial != nil {
		w.initial(w.send)
		w.initial = nil
		w.begin()
	}
	for batch := []Event(nil); ; {
		batch = w.take(len(batch))
		if batch == nil {
			return
		}
		for _, e := range batch {
			if !w.send(e) {
				break
			}
		}
		w.begin()
	}
}

// take returns what has queued while the last events were sent, or gives the
// channel back.
func (w *watcher) take(sent int) []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.behind -= sent
	batch := w.queue
	w.queue = nil
	if w.stopped {
		close(w.ch)
		return nil
	}
	if len(batch) == 0 {
		w.pumping = false
		return nil
	}
	return batch
}

func (w *watcher) send(e Event) bool {
	select {
	case w.ch <- e:
		return true
	case <-w.stop:
		return false
	}
}

func (w *watcher) Events() <-chan Event { return w.ch }

func (w *watcher) Direct(take Take) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || w.pumping || len(w.ch) > 0 {
		return false
	}
	w.direct = take
	return true
}

func (w *watcher) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Stop ends the watch; the channel closes.
func (w *watcher) Stop() {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	w.table.dropLocked(w, nil)
}

// dropLocked ends a watch and says why; t.mu is held.
func (t *table) dropLocked(w *watcher, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	w.stopped, w.err, w.queue = true, err, nil
	close(w.stop)
	if !w.pumping {
		close(w.ch)
	}
	if w.detach != nil {
		w.detach()
	}
	t.watchers.remove(w)
	t.store.beat.remove(w)
	if err != nil && w.missed != nil {
		w.missed()
	}
}
