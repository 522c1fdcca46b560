package authn

import (
	"crypto/sha256"
	"sync"
)

// memo remembers what costly verifications found, by the hash of what was
// verified. It forgets all when it is full: the verifications are only costly,
// not slow.
type memo[T any] struct {
	mu    sync.RWMutex
	known map[[sha256.Size]byte]T
}

const memoSize = 4096

func (m *memo[T]) get(key [sha256.Size]byte) (T, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.known[key]
	return v, ok
}

func (m *memo[T]) put(key [sha256.Size]byte, v T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= memoSize {
		m.known = map[[sha256.Size]byte]T{}
	}
	m.known[key] = v
}

func (m *memo[T]) drop(key [sha256.Size]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, key)
}
