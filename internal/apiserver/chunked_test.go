package apiserver

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// sizes notes how much each write brings, and fails from one on.
type sizes struct {
	bytes.Buffer
	each []int
	fail int
}

func (s *sizes) Write(p []byte) (int, error) {
	if s.each = append(s.each, len(p)); len(s.each) == s.fail {
		return 0, errors.New("gone")
	}
	return s.Buffer.Write(p)
}

func TestChunks(t *testing.T) {
	for _, size := range []int{1, 100, chunk - 1, chunk, chunk + 1, 3*chunk + 7} {
		out, want := &sizes{}, strings.Repeat("0123456789", 3*chunk/size/10+1)
		w := newChunked(plainChunks, out)
		one := strings.Repeat("x", size-1)
		for i := range want {
			_, _ = w.WriteString(one)
			if err := w.WriteByte(want[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(out.String(), "x", ""); got != want {
			t.Errorf("pieces of %d: %d bytes came, want %d", size, len(got), len(want))
		}
		for _, n := range out.each[:len(out.each)-1] {
			if n != chunk {
				t.Errorf("pieces of %d: a write of %d, want %d", size, n, chunk)
			}
		}
	}
}

func TestChunksEndWithAnError(t *testing.T) {
	out := &sizes{fail: 2}
	w := newChunked(plainChunks, out)
	_, err := w.Write(make([]byte, 5*chunk))
	if err == nil || w.WriteByte('x') == nil || w.close() == nil {
		t.Errorf("first %v; and what came after it was taken", err)
	}
	if len(out.each) != 2 {
		t.Errorf("written %d times, want 2", len(out.each))
	}
}
