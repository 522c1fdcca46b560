package store

import "slices"

// hub knows the watchers of a table by what they can see, so that an event is
// offered to few: a kubelet's watch is not asked about other nodes' pods.
// The table's lock guards it.
type hub struct {
	everything  bucket
	byNamespace map[string]*bucket
	byKey       map[string]*bucket
	byNode      map[string]*bucket
	count       int
	after       []func() // to do once all have been offered what there is
}

type bucket struct{ watchers []*watcher }

// place is the index, and the key in it, of the narrowest bucket that sees
// all that the filter can match.
func (h *hub) place(w *watcher) (index *map[string]*bucket, key string) {
	f := &w.filter
	namespaced := w.table.codec.resource.Namespaced
	switch {
	case f.name != "" && (f.namespace != "" || !namespaced):
		return &h.byKey, w.table.key(f.namespace, f.name)
	case f.onNode && w.table.tree.byNode != nil:
		return &h.byNode, f.node
	case f.namespace != "":
		return &h.byNamespace, f.namespace
	}
	return nil, ""
}

func (h *hub) add(w *watcher) {
	h.count++
	index, key := h.place(w)
	if index == nil {
		h.everything.watchers = append(h.everything.watchers, w)
		return
	}
	if *index == nil {
		*index = map[string]*bucket{}
	}
	b := (*index)[key]
	if b == nil {
		b = &bucket{}
		(*index)[key] = b
	}
	b.watchers = append(b.watchers, w)
}

func (h *hub) remove(w *watcher) {
	index, key := h.place(w)
	if index == nil {
		if h.everything.remove(w) {
			h.count--
		}
		return
	}
	b := (*index)[key]
	if b == nil || !b.remove(w) {
		return
	}
	h.count--
	if len(b.watchers) == 0 {
		delete(*index, key)
	}
}

func (b *bucket) remove(w *watcher) bool {
	i := slices.Index(b.watchers, w)
	if i < 0 {
		return false
	}
	b.watchers = slices.Delete(b.watchers, i, i+1)
	return true
}

// seeing is how many see every change of the key. Those of one node do not:
// whether they see it depends on the object.
func (h *hub) seeing(namespace, key string) int {
	n := len(h.everything.watchers)
	for _, b := range []*bucket{h.byNamespace[namespace], h.byKey[key]} {
		if b != nil {
			n += len(b.watchers)
		}
	}
	return n
}

// offer shows an event to those who may see it.
func (h *hub) offer(e *event) {
	if h.count == 0 {
		return
	}
	h.everything.offer(e)
	if len(h.byKey) > 0 {
		h.byKey[e.key()].offer(e)
	}
	if len(h.byNamespace) > 0 {
		it := e.current
		if it == nil {
			it = e.previous
		}
		h.byNamespace[it.Namespace()].offer(e)
	}
	if len(h.byNode) > 0 {
		h.offerNodes(e)
	}
}

// do has something done, unless it is nil, after what is offered now.
func (h *hub) do(after func()) {
	if after != nil {
		h.after = append(h.after, after)
	}
}

// offered says that there is no more to offer for now.
func (h *hub) offered() {
	for _, f := range h.after {
		f()
	}
	clear(h.after)
	h.after = h.after[:0]
}

func (h *hub) offerNodes(e *event) {
	if e.current != nil {
		h.byNode[e.current.node()].offer(e)
	}
	if e.previous != nil && !(e.current != nil && e.current.node() == e.previous.node()) {
		h.byNode[e.previous.node()].offer(e)
	}
}

// offer may drop slow watchers from the bucket while it walks it.
func (b *bucket) offer(e *event) {
	if b == nil {
		return
	}
	for i := len(b.watchers) - 1; i >= 0; i-- {
		w := b.watchers[i]
		if seen, ok := e.seenBy(&w.filter); ok && !w.push(seen) {
			w.table.dropLocked(w, ErrExpired)
		}
	}
}

func (h *hub) all() []*watcher {
	list := slices.Clone(h.everything.watchers)
	for _, index := range []map[string]*bucket{h.byNamespace, h.byKey, h.byNode} {
		for _, b := range index {
			list = append(list, b.watchers...)
		}
	}
	return list
}
