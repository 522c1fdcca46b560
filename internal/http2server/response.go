package http2server

import (
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bufferSize is how much of an answer is gathered before it is sent, if the
// handler does not flush it.
const bufferSize = 4 << 10

var gathered = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// response is the http.ResponseWriter of a stream. It is its handler's alone,
// except that deadlines may be set by others. With it an
// http.ResponseController can do all but Hijack.
type response struct {
	st       *stream
	header   http.Header
	status   int
	fixed    http.Header // the header as it was when it was written
	sent     bool        // ... and is on its way
	isHead   bool
	declared int64 // Content-Length; -1 if there is none
	written  int64
	space    *[bufferSize]byte
	n        int      // used of space
	trailers []string // announced ones
	ended    bool     // all of it has been sent
	done     bool     // finished, well or not

	timers                      sync.Mutex
	readDeadline, writeDeadline *time.Timer
}

// Header is what WriteHeader, or the first Write, will send.
func (w *response) Header() http.Header { return w.header }

// WriteHeader fixes the status and the header; informational ones (1xx) are
// sent at once, and may be many.
func (w *response) WriteHeader(code int) {
	if w.status != 0 {
		return
	}
	if code < 100 || code > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", code))
	}
	if code < 200 {
		if code != http.StatusSwitchingProtocols { // HTTP/2 has none
			_ = w.st.c.inform(w.st, code, w.header)
		}
		return
	}
	w.status = code
	w.fixed = w.header.Clone()
	if text := w.fixed.Get("Content-Length"); text != "" {
		n, err := strconv.ParseUint(text, 10, 63)
		if err == nil {
			w.declared = int64(n)
		} else {
			delete(w.fixed, "Content-Length")
		}
	}
	for _, names := range w.fixed["Trailer"] {
		for name := range strings.SplitSeq(names, ",") {
			w.trailers = append(w.trailers, http.CanonicalHeaderKey(textproto.TrimString(name)))
		}
	}
	if strings.EqualFold(w.fixed.Get("Connection"), "close") {
		w.st.c.shutdown()
	}
}

// Write sends data, or keeps it for when there is more.
func (w *response) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if w.n+len(p) <= bufferSize {
		w.n += copy(w.free(), p)
		return len(p), nil
	}
	if err := w.send(p, w.isWhole()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// isWhole says whether nothing can follow what was written, so that the end
// need not be sent by itself. Trailers are expected only if they were
// announced. While the client still sends, the end waits for the handler: it
// cancels the request.
func (w *response) isWhole() bool {
	if w.written != w.declared || len(w.trailers) > 0 {
		return false
	}
	w.st.c.mu.Lock()
	defer w.st.c.mu.Unlock()
	return w.st.remoteEnded
}

// WriteString is Write.
func (w *response) WriteString(s string) (int, error) {
	if w.n+len(s) > bufferSize {
		return w.Write([]byte(s))
	}
	if err := w.admit(len(s)); err != nil {
		return 0, err
	}
	if len(s) > 0 {
		w.n += copy(w.free(), s)
	}
	return len(s), nil
}

// admit reports whether n more bytes may be written.
func (w *response) admit(n int) error {
	if w.done {
		return errEnded
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !hasBody(w.status) {
		return http.ErrBodyNotAllowed
	}
	w.written += int64(n)
	if w.declared >= 0 && w.written > w.declared {
		return http.ErrContentLength
	}
	return nil
}

func hasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// free is the room left in the buffer.
func (w *response) free() []byte {
	if w.space == nil {
		w.space = gathered.Get().(*[bufferSize]byte)
	}
	return w.space[w.n:]
}

func (w *response) kept() []byte {
	if w.space == nil {
		return nil
	}
	return w.space[:w.n]
}

// release gives the buffer back: a watch that waits needs none.
func (w *response) release() {
	if w.space != nil {
		gathered.Put(w.space)
		w.space, w.n = nil, 0
	}
}

// send sends what is kept, and p.
func (w *response) send(p []byte, last bool) error {
	w.ended = w.ended || last
	part := content{data: [2][]byte{w.kept(), p}, last: last}
	if !w.sent {
		w.sent = true
		part.head = w.head(part.data, last)
		part.last = last || w.isHead && len(w.trailers) == 0
	} else if w.isHead && len(w.trailers) == 0 {
		w.release()
		return w.st.failure() // the header was all
	}
	if last {
		part.tail = w.tail()
	}
	if w.isHead {
		part.data = [2][]byte{}
	}
	err := w.st.c.answer(w.st, part)
	w.release()
	return err
}

// head is the header to send, with what follows from the data.
func (w *response) head(data [2][]byte, last bool) *head {
	h := &head{status: w.status, fields: w.fixed}
	_, dated := w.fixed["Date"]
	h.date = !dated
	first := data[0]
	if len(first) == 0 {
		first = data[1]
	}
	if w.declared < 0 && last && hasBody(w.status) && (len(first) > 0 || !w.isHead) {
		h.length = strconv.Itoa(len(data[0]) + len(data[1]))
	}
	_, typed := w.fixed["Content-Type"]
	if !typed && len(first) > 0 && w.fixed.Get("Content-Encoding") == "" {
		h.sniff = http.DetectContentType(first)
	}
	return h
}

// tail is the trailers: those that were announced, and those whose names
// begin with http.TrailerPrefix.
func (w *response) tail() *head {
	t := http.Header{}
	for _, name := range w.trailers {
		if values := w.header[name]; len(values) > 0 {
			t[name] = values
		}
	}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			t[http.CanonicalHeaderKey(name)] = values
		}
	}
	if len(t) == 0 {
		return nil
	}
	return &head{fields: t}
}

// Flush sends what was written.
func (w *response) Flush() { _ = w.FlushError() }

// FlushError is Flush, and says whether the client is still there.
func (w *response) FlushError() error {
	if w.done {
		return errEnded
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.sent && w.n == 0 {
		return w.st.failure()
	}
	return w.send(nil, false)
}

// finish ends the answer. One that is shorter than it was said to be is not
// ended: the stream will be reset.
func (w *response) finish() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.ended && (w.declared < 0 || w.written == w.declared || w.isHead || !hasBody(w.status)) {
		_ = w.send(nil, true) // the client has gone; it is not there to be told
	}
	w.done = true
}

// failure is why nothing can be written any more, if so.
func (st *stream) failure() error {
	st.c.mu.Lock()
	defer st.c.mu.Unlock()
	if st.err != nil && st.err != errEnded {
		return st.err
	}
	return st.c.out.err
}

// EnableFullDuplex changes nothing: HTTP/2 always is.
func (w *response) EnableFullDuplex() error { return nil }

// SetReadDeadline bounds reading the request's body.
func (w *response) SetReadDeadline(t time.Time) error {
	b := w.st.body
	if b == nil {
		return nil
	}
	w.timers.Lock()
	defer w.timers.Unlock()
	return setTimer(&w.readDeadline, t, b.expire)
}

// SetWriteDeadline bounds sending the answer: what is not sent by then is
// lost, and the stream reset.
func (w *response) SetWriteDeadline(t time.Time) error {
	w.timers.Lock()
	defer w.timers.Unlock()
	return setTimer(&w.writeDeadline, t, func() { w.st.c.expire(w.st) })
}

func setTimer(timer **time.Timer, t time.Time, f func()) error {
	if *timer != nil && !(*timer).Stop() {
		return os.ErrDeadlineExceeded // it is too late
	}
	if *timer = nil; t.IsZero() {
		return nil
	}
	left := time.Until(t)
	if *timer = time.AfterFunc(max(left, 0), f); left <= 0 {
		(*timer).Stop()
		f()
	}
	return nil
}

func (w *response) stopTimers() {
	w.timers.Lock()
	defer w.timers.Unlock()
	for _, t := range []*time.Timer{w.readDeadline, w.writeDeadline} {
		if t != nil {
			t.Stop()
		}
	}
}
