package apiserver

import (
	"sync"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// frameForm is how a watcher wants events laid out.
type frameForm struct {
	encoding negotiate.Encoding
	shape    negotiate.Shape
	version  string
	include  metav1.IncludeObjectPolicy // of a table
	headers  bool                       // with a table's column definitions
}

// frameKey names a frame: what happened, to which state, in which form.
type frameKey struct {
	item store.Item
	kind store.EventType
	form frameForm
}

// sharedFrames are the latest frames of all watches. The watchers of a change
// ask for its frame within moments of each other, so few are enough.
type sharedFrames struct {
	last atomic.Pointer[sharedFrame] // what is asked for next, nearly always

	mu     sync.Mutex
	byKey  map[frameKey]*sharedFrame
	latest [32]frameKey
	next   int
}

type sharedFrame struct {
	key  frameKey
	make func() ([]byte, error)
}

// maxSharedObject bounds the objects whose frames are kept, and so the memory
// that they take.
const maxSharedObject = 64 << 10

// find is the frame if somebody has asked for it already; nil otherwise.
func (s *sharedFrames) find(key *frameKey) *sharedFrame {
	if last := s.last.Load(); last != nil && last.key == *key {
		return last
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byKey[*key]
}

// get returns the frame, made by the first who asks.
func (s *sharedFrames) get(key frameKey, lay func() ([]byte, error)) ([]byte, error) {
	if len(key.item.Proto()) > maxSharedObject {
		return lay()
	}
	s.mu.Lock()
	f := s.byKey[key]
	if f == nil {
		f = &sharedFrame{key: key, make: sync.OnceValues(lay)}
		s.put(f)
	}
	s.mu.Unlock()
	return f.make()
}

// put takes the place of the oldest frame.
func (s *sharedFrames) put(f *sharedFrame) {
	if s.byKey == nil {
		s.byKey = map[frameKey]*sharedFrame{}
	}
	delete(s.byKey, s.latest[s.next])
	s.latest[s.next] = f.key
	s.byKey[f.key] = f
	s.last.Store(f)
	s.next = (s.next + 1) % len(s.latest)
}
