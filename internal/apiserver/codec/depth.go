package codec

import (
	"encoding/binary"
	"errors"
)

// maxNesting is how deep messages may be nested, as in other decoders of
// protobuf. Types that contain themselves, such as the schemas of definitions,
// are decoded by a call for each level: without a bound, one small request
// could use up the stack, and that ends the process.
const maxNesting = 10000

var errDeep = errors.New("protobuf is nested too deeply")

// checkDepth refuses a document that is nested more deeply than that. It knows
// no types: every field of bytes that looks like a message counts as one. A
// level takes two bytes at least, so that nearly all documents are not looked
// at.
func checkDepth(document []byte) error {
	if len(document) < 2*maxNesting {
		return nil
	}
	return descend(document[len(magic):], 0)
}

func descend(data []byte, depth int) error {
	if depth > maxNesting {
		return errDeep
	}
	for len(data) > 0 {
		body, rest := nextField(data)
		if len(body) > 0 {
			if err := descend(body, depth+1); err != nil {
				return err
			}
		}
		data = rest
	}
	return nil
}

// nextField parts the first field from data: its body, if it has one, and what
// follows it; neither when data is no message.
func nextField(data []byte) (body, rest []byte) {
	tag, n := binary.Uvarint(data)
	if n <= 0 || tag>>3 == 0 {
		return nil, nil
	}
	data = data[n:]
	skip := 0
	switch tag & 7 {
	case 0:
		_, skip = binary.Uvarint(data)
	case 1:
		skip = 8
	case 2:
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return nil, nil
		}
		return data[n : n+int(size)], data[n+int(size):]
	case 5:
		skip = 4
	}
	if skip <= 0 || skip > len(data) {
		return nil, nil
	}
	return nil, data[skip:]
}
