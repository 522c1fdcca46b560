package apiserver

import (
	"io"
	"sync"
)

// chunk is how much of an answer is handed on at a time: with the headers of
// its HTTP/2 frames (9 bytes each) it fills whole TLS records, and so one
// system call. A byte more would make that one record more.
const chunk = 64<<10 - 4*9

// chunked hands what is appended to it on in pieces of one size. Callers may
// append to b themselves, and then call spill. An error ends all: nothing more
// is written.
type chunked struct {
	b    []byte
	size int
	pool *sync.Pool
	out  io.Writer
	err  error
}

// What is sent, and what is compressed, has buffers of its own.
var plainChunks, gzipChunks = chunkedPool(chunk), chunkedPool(gzipFrom)

// chunkedPool has buffers for pieces of a size, with room for an item of the
// usual size behind one that is nearly full.
func chunkedPool(size int) *sync.Pool {
	p := &sync.Pool{}
	p.New = func() any { return &chunked{b: make([]byte, 0, size+16<<10), size: size, pool: p} }
	return p
}

func newChunked(pool *sync.Pool, out io.Writer) *chunked {
	w := pool.Get().(*chunked)
	w.out = out
	return w
}

// Write appends p.
func (w *chunked) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), w.spill()
}

// WriteString appends s.
func (w *chunked) WriteString(s string) (int, error) {
	w.b = append(w.b, s...)
	return len(s), w.spill()
}

// WriteByte appends c.
func (w *chunked) WriteByte(c byte) error {
	w.b = append(w.b, c)
	return w.spill()
}

// spill hands on the chunks that are full.
func (w *chunked) spill() error {
	if len(w.b) < w.size {
		return w.err
	}
	rest := w.b
	for ; len(rest) >= w.size; rest = rest[w.size:] {
		w.hand(rest[:w.size])
	}
	w.b = w.b[:copy(w.b, rest)]
	return w.err
}

func (w *chunked) hand(p []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(p)
	}
}

// close hands on what is left. The buffer is used again, unless a large item
// has made it large.
func (w *chunked) close() error {
	w.hand(w.b)
	err := w.err
	if cap(w.b) <= 2*w.size {
		w.b, w.out, w.err = w.b[:0], nil, nil
		w.pool.Put(w)
	}
	return err
}
