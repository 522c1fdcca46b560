package apiserver

import (
	"io"
	"sync"
)

// chunk is how much of an answer is handed on at a time: with the headers of
// its HTTP/2 frames (9 bytes each) it fills whole TLS records, and so one
// system call. A byte more would make that one record more.
const chunk = 64<<10 - 4*9

// chunked hands what is appended to it on in chunks. Callers may append to b
// themselves, and then call spill. An error ends all: nothing more is written.
type chunked struct {
	b   []byte
	out io.Writer
	err error
}

var chunkedPool = sync.Pool{New: func() any { return &chunked{b: make([]byte, 0, chunk+16<<10)} }}

func newChunked(out io.Writer) *chunked {
	w := chunkedPool.Get().(*chunked)
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
	if len(w.b) < chunk {
		return w.err
	}
	rest := w.b
	for ; len(rest) >= chunk; rest = rest[chunk:] {
		w.hand(rest[:chunk])
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
	if cap(w.b) <= 2*chunk {
		*w = chunked{b: w.b[:0]}
		chunkedPool.Put(w)
	}
	return err
}
