package wirejson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Form is the JSON of the last object of a series, with its texts and times as
// blanks. The objects of a list are mostly alike, as the pods of a Deployment
// are: one whose bytes differ from the last one's only in texts of the same
// length, and in times, is written by filling in those. A Form refers to the
// bytes of the last object. The zero value has seen none.
type Form struct {
	in     []byte // the last object's bytes; nil when it left no form
	out    []byte // its JSON
	blanks []blank
	misses int // in a row

	// Of the object that is being written: how much lies from its start to the
	// end of the memory that it is in, and where its JSON starts.
	room, start int
}

// mostForm is the largest object in bytes that leaves a form: what a list holds
// is bounded, and of large objects there are no series.
const mostForm = 32 << 10

// blank is a field's content in the object's bytes, and in its JSON.
type blank struct {
	in, inEnd, out, outEnd int
	time                   bool // or text
}

// AppendFieldsLike is AppendFields for one of a series of objects, if there is a
// form.
func (p *Plan) AppendFieldsLike(dst, message []byte, f *Form) ([]byte, error) {
	if f == nil {
		return p.appendFields(dst, message, nil)
	}
	if len(f.in) > 0 && len(f.in) == len(message) && f.fill(message) {
		f.in, f.misses = message, 0
		return append(dst, f.out...), nil
	}
	f.in, f.blanks = nil, f.blanks[:0]
	if len(message) > mostForm || !f.isWorthwhile() {
		return p.appendFields(dst, message, nil)
	}
	f.room, f.start = cap(message), len(dst)
	dst, err := p.appendFields(dst, message, f)
	if err == nil {
		f.in, f.out = message, append(f.out[:0], dst[f.start:]...)
	}
	return dst, err
}

// isWorthwhile says no where no two are alike, but for now and then.
func (f *Form) isWorthwhile() bool {
	const soon, seldom = 8, 64
	if f.misses++; f.misses == seldom {
		f.misses = soon
	}
	return f.misses <= soon
}

// note notes content whose JSON is what dst ends with, from out on.
func (f *Form) note(content, dst []byte, out int, time bool) {
	at := f.room - cap(content)
	f.blanks = append(f.blanks, blank{at, at + len(content), out - f.start, len(dst) - f.start, time})
}

// fill fills in what differs. It fails, and leaves the form of no use, when
// there is more to it.
func (f *Form) fill(message []byte) bool {
	blanks := f.blanks
	for at := equal(message, f.in); at < len(message); at += equal(message[at:], f.in[at:]) {
		for len(blanks) > 0 && blanks[0].inEnd <= at {
			blanks = blanks[1:]
		}
		if len(blanks) == 0 || blanks[0].in > at || !blanks[0].write(f.out, message) {
			return false
		}
		at = blanks[0].inEnd
	}
	return true
}

func (b *blank) write(out, message []byte) bool {
	out, content := out[b.out:b.outEnd], message[b.in:b.inEnd]
	if !b.time {
		return copyPlain(out[1:], content)
	}
	var room [40]byte
	text, err := appendTime(room[:0], wire{bytesType, content})
	return err == nil && copy(out, text) == len(text) && len(out) == len(text)
}

// equal is how many bytes at the start of two texts of one length are equal.
func equal(a, b []byte) (n int) {
	const step = 64
	for len(a)-n >= step && bytes.Equal(a[n:n+step], b[n:n+step]) {
		n += step
	}
	for ; len(a)-n >= 8; n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n
}
