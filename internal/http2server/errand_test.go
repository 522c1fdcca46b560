package http2server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// errander is what a handler may find its answer to be.
type errander interface {
	Later(f func()) (start func())
	TryWrite(p []byte) bool
}

// parked answers requests that stay open until the test lets them go, and
// leaves their streams to it.
type parked struct {
	answers chan errander
	release chan struct{}
}

func (p *parked) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.(http.Flusher).Flush()
	p.answers <- w.(errander)
	<-p.release
}

func park(t *testing.T, n int) (*parked, []*bufio.Reader, []errander) {
	t.Helper()
	p := &parked{make(chan errander, n), make(chan struct{})}
	s, c := start(t, p.ServeHTTP)
	var bodies []*bufio.Reader
	var answers []errander
	for range n {
		resp, err := c.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		bodies, answers = append(bodies, bufio.NewReader(resp.Body)), append(answers, <-p.answers)
	}
	return p, bodies, answers
}

// TestErrands: what is said on many streams by errands of one connection
// arrives on each, in order and whole.
func TestErrands(t *testing.T) {
	const streams, events = 50, 20
	p, bodies, answers := park(t, streams)
	long := strings.Repeat("x", 20_000) // more than a frame
	for n := range events {
		var begin func()
		for _, a := range answers {
			start := a.Later(func() {
				if !a.TryWrite(fmt.Appendf(nil, "%d %s\n", n, long)) {
					t.Error("the client has room, and the event was not written")
				}
			})
			if start == nil {
				continue
			}
			if begin != nil {
				t.Error("two errands of one connection began a goroutine each")
			}
			begin = start
		}
		if begin != nil {
			begin()
		}
		var readers sync.WaitGroup
		for _, b := range bodies {
			readers.Go(func() {
				if line, err := b.ReadString('\n'); err != nil || line != fmt.Sprintf("%d %s\n", n, long) {
					t.Errorf("event %d: %d bytes, %v", n, len(line), err)
				}
			})
		}
		readers.Wait()
	}
	close(p.release)
	for _, b := range bodies {
		if rest, err := io.ReadAll(b); err != nil || len(rest) > 0 {
			t.Errorf("after the handler's end: %d bytes, %v", len(rest), err)
		}
	}
	for _, a := range answers {
		if a.TryWrite([]byte("late")) {
			t.Error("something was written to an answer that has ended")
		}
	}
}

// TestErrandsDoNotWaitForOneStream: one whose client takes no more is told so,
// with nothing of the event written, and the others go on.
func TestErrandsDoNotWaitForOneStream(t *testing.T) {
	p, bodies, answers := park(t, 2)
	defer close(p.release)
	event := []byte(strings.Repeat("x", 99_999) + "\n")
	written := 0
	done := make(chan struct{})
	answers[0].Later(func() {
		defer close(done)
		for answers[0].TryWrite(event) {
			if written += len(event); written > 100<<20 {
				t.Error("the window of a client that does not read has no end")
				return
			}
		}
		if !answers[1].TryWrite([]byte("goes on\n")) {
			t.Error("another stream was held up")
		}
	})()
	<-done
	if line, err := bodies[1].ReadString('\n'); err != nil || line != "goes on\n" {
		t.Errorf("%q, %v", line, err)
	}
	for range written / len(event) {
		if line, err := bodies[0].ReadString('\n'); err != nil || line != string(event) {
			t.Fatalf("%d bytes, %v", len(line), err)
		}
	}
}
