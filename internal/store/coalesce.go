package store

import (
	"context"
	"sync"
	"time"
)

// coalescer lets readers share a question to etcd. Whoever comes while one is
// under way must not take its answer, which may be older than what the reader
// has seen; it joins those who wait for the next.
type coalescer struct {
	ask func(context.Context) (int64, error)

	mu      sync.Mutex
	running bool
	next    *answer
}

type answer struct {
	done     chan struct{}
	revision int64
	err      error
}

const askTimeout = 5 * time.Second

func newCoalescer(ask func(context.Context) (int64, error)) *coalescer {
	return &coalescer{ask: ask}
}

func (c *coalescer) get(ctx context.Context) (int64, error) {
	c.mu.Lock()
	if c.next == nil {
		c.next = &answer{done: make(chan struct{})}
	}
	mine := c.next
	if !c.running {
		c.running = true
		go c.run()
	}
	c.mu.Unlock()
	select {
	case <-mine.done:
		return mine.revision, mine.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run asks until nobody waits. The question is nobody's own, so no reader's
// context ends it.
func (c *coalescer) run() {
	for {
		c.mu.Lock()
		current := c.next
		c.next = nil
		if current == nil {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		current.revision, current.err = c.ask(ctx)
		cancel()
		close(current.done)
	}
}
