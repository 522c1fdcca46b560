package store

import (
	"sync"
	"time"
)

// heartbeat sends bookmarks to the watchers that asked for them, all at one
// tick of one timer. Without such watchers there is no timer.
type heartbeat struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
	timer    *time.Timer
	every    time.Duration // 0: bookmarkEvery
}

const bookmarkEvery = time.Minute

func (h *heartbeat) add(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[*watcher]struct{}{}
	}
	h.watchers[w] = struct{}{}
	if h.timer == nil {
		h.timer = time.AfterFunc(h.interval(), h.beat)
	}
	select {
	case <-w.stop: // dropped before it was added
		delete(h.watchers, w)
	default:
	}
}

func (h *heartbeat) remove(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
	if len(h.watchers) == 0 && h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

func (h *heartbeat) interval() time.Duration {
	if h.every != 0 {
		return h.every
	}
	return bookmarkEvery
}

func (h *heartbeat) beat() {
	h.mu.Lock()
	list := make([]*watcher, 0, len(h.watchers))
	for w := range h.watchers {
		list = append(list, w)
	}
	if len(list) > 0 {
		h.timer = time.AfterFunc(h.interval(), h.beat)
	} else {
		h.timer = nil
	}
	h.mu.Unlock()
	for _, w := range list {
		w.bookmark()
	}
}

// bookmark tells a watcher how far it has seen. One that lags behind learns
// it from the events themselves.
func (w *watcher) bookmark() {
	t := w.table
	reached := t.store.progress.get()
	t.mu.RLock()
	defer t.mu.RUnlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || w.pumping {
		return
	}
	if after, _ := w.hand(Event{Type: Bookmark, Revision: max(reached, t.revision)}); after != nil {
		after()
	}
}
