package logs

import (
	"bytes"
	"errors"
	"time"
)

// line is one line, or a part of a long one, of a log in CRI's format:
//
//	2016-10-06T00:17:09.669794202Z stdout F message
type line struct {
	time   time.Time
	stamp  []byte // as it is written
	stream string
	full   bool   // the line ends here: its text has a newline after it
	text   []byte // without the newline
}

var errLine = errors.New("the line is not in the format of container logs")

// parse reads a line. The result refers to b.
func parse(b []byte) (line, error) {
	b = bytes.TrimSuffix(b, []byte("\n"))
	stamp, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok {
		return line{}, errLine
	}
	stream, rest, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return line{}, errLine
	}
	tags, text, _ := bytes.Cut(rest, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return line{}, errLine
	}
	first, _, _ := bytes.Cut(tags, []byte(":"))
	return line{time: at, stamp: stamp, stream: string(stream), full: !bytes.Equal(first, []byte("P")), text: text}, nil
}
