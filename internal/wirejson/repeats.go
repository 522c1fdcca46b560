package wirejson

import "bytes"

// Repeats is how the last object of a series was written. The objects of a list
// are mostly alike, as the pods of a Deployment are: a message whose bytes are
// those at its place in the last object is copied from there, which takes a
// fraction of what writing it does. It refers to the bytes of the last object,
// and keeps the JSON of its parts. The zero value has seen none.
type Repeats struct{ root place }

// What is remembered of an object: messages of these sizes in bytes, and of each
// message so many of those in it.
const (
	leastRepeat = 24 // less is written as fast as it is compared
	mostRepeat  = 8 << 10
	maxInside   = 48
)

// place is where a message stands in an object: the how-manieth of those in the
// message around it.
type place struct {
	of   *value // how it was written; nil when it is not remembered
	in   []byte // its bytes
	out  []byte // what was written of them
	next int    // of inside, while the message is being written

	inside []place
	misses uint8 // in a row
}

// AppendFieldsLike is AppendFields for one of a series of objects.
func (p *Plan) AppendFieldsLike(dst, message []byte, r *Repeats) ([]byte, error) {
	return p.appendFields(dst, message, &r.root)
}

// inner is the place of the next message in the one at pl; nil for one that is
// not to be remembered.
func (pl *place) inner(size int) *place {
	if pl == nil || size < leastRepeat || pl.next == maxInside {
		return nil
	}
	if pl.next == len(pl.inside) {
		pl.inside = append(pl.inside, place{})
	}
	pl.next++
	return &pl.inside[pl.next-1]
}

// append appends a message, or what else takes long to write.
func (pl *place) append(dst []byte, v *value, w wire) ([]byte, error) {
	if pl.of == v && bytes.Equal(pl.in, w.body) {
		pl.misses = 0
		return append(dst, pl.out...), nil
	}
	pl.of = nil
	from := len(dst)
	dst, err := v.compose(dst, w, pl)
	if err == nil && pl.isWorthwhile(len(w.body)) {
		pl.of, pl.in, pl.out = v, w.body, append(pl.out[:0], dst[from:]...)
	}
	return dst, err
}

// isWorthwhile says no at a place where no two are alike, but for now and then.
func (pl *place) isWorthwhile(size int) bool {
	if pl.misses++; pl.misses >= 64 {
		pl.misses = 8
	}
	return size <= mostRepeat && pl.misses <= 8
}
