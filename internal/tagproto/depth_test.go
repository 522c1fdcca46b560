package tagproto

import (
	"encoding/binary"
	"testing"
)

type nest struct {
	Not *nest `protobuf:"bytes,1,opt,name=not"`
}

// nested is a message in a message, so many times.
func nested(depth int) []byte {
	heads := make([][]byte, depth)
	size := 0
	for i := depth - 1; i >= 0; i-- {
		heads[i] = binary.AppendUvarint([]byte{1<<3 | bytes}, uint64(size))
		size += len(heads[i])
	}
	message := make([]byte, 0, size)
	for _, head := range heads {
		message = append(message, head...)
	}
	return message
}

func TestDepthIsBounded(t *testing.T) {
	if err := Unmarshal(nested(1000), &nest{}); err != nil {
		t.Errorf("a thousand deep: %v", err)
	}
	if err := Unmarshal(nested(500000), &nest{}); err == nil {
		t.Error("any depth is read")
	}
}
