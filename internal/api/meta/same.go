package meta

import (
	"bytes"
	"slices"
	"sync"
)

// Encoded is part of an object that knows its bytes in Kubernetes' protobuf, as
// those of the published types do.
type Encoded interface {
	Size() int
	MarshalToSizedBuffer([]byte) (int, error)
}

// compared are the bytes of what is compared.
var compared = sync.Pool{New: func() any { return new([]byte) }}

// Same says whether two states of the same part are stored as the same bytes.
// Those are equal in meaning; and to encode two pods' specs takes a tenth of the
// time of comparing them member by member. Others may still be equal.
func Same(a, b Encoded) bool {
	n := a.Size()
	if n != b.Size() {
		return false
	}
	space := compared.Get().(*[]byte)
	defer compared.Put(space)
	*space = slices.Grow((*space)[:0], 2*n)
	buffer := (*space)[:2*n]
	_, errA := a.MarshalToSizedBuffer(buffer[:n])
	_, errB := b.MarshalToSizedBuffer(buffer[n:])
	return errA == nil && errB == nil && bytes.Equal(buffer[:n], buffer[n:])
}
