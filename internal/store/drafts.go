package store

import (
	"bytes"
	"sync"
)

// drafts are the writes of this process that are under way, by etcd key. The
// watch often brings a change before its writer has the answer; with the draft
// at hand it need not decode what was encoded a moment ago, and writer and
// cache share one item. A draft that is stored stays until the watch takes it.
type drafts struct {
	mu    sync.Mutex
	byKey map[string][]*draft
}

func (d *drafts) add(key string, new *draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byKey == nil {
		d.byKey = map[string][]*draft{}
	}
	d.byKey[key] = append(d.byKey[key], new)
}

func (d *drafts) remove(key string, old *draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(key, old)
}

func (d *drafts) drop(key string, old *draft) {
	list := d.byKey[key]
	for i := range list {
		if list[i] == old {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(d.byKey, key)
		return
	}
	d.byKey[key] = list
}

// clear forgets all drafts: the watch has skipped changes, and whose they were
// is not known.
func (d *drafts) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byKey = nil
}

// take returns the draft that has become the value of key, or nil, and
// forgets it.
func (d *drafts) take(key string, value []byte) *draft {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, draft := range d.byKey[key] {
		if bytes.Equal(draft.value, value) {
			d.drop(key, draft)
			return draft
		}
	}
	return nil
}
