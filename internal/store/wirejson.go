package store

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errJSON = errors.New("damaged JSON")

// spliceJSON sets metadata.resourceVersion of a JSON object, or removes it
// when version is "", without decoding the rest. The field goes where the
// order of the names puts it, which is where encoding/json would write it.
func spliceJSON(b []byte, version string) ([]byte, error) {
	b = bytes.TrimSpace(b)
	start, end, err := memberOf(b, "metadata")
	if err != nil {
		return nil, err
	}
	meta := b[start:end]
	if len(meta) < 2 || meta[0] != '{' {
		return nil, errJSON
	}
	out := make([]byte, 0, len(b)+len(version)+24)
	out = append(append(out, b[:start]...), '{')
	written := version == ""
	comma := false
	add := func(text ...[]byte) {
		if comma {
			out = append(out, ',')
		}
		comma = true
		for _, t := range text {
			out = append(out, t...)
		}
	}
	put := func() {
		add([]byte(`"resourceVersion":"`), []byte(version), []byte{'"'})
		written = true
	}
	err = members(meta, func(name, value []byte) bool {
		switch {
		case string(name) == `"resourceVersion"`:
			return true
		case !written && string(name) > `"resourceVersion"`:
			put()
		}
		add(name, []byte{':'}, value)
		return true
	})
	if err != nil {
		return nil, err
	}
	if !written {
		put()
	}
	out = append(out, '}')
	return append(out, b[end:]...), nil
}

// memberOf says where the value of a member of an object lies.
func memberOf(b []byte, want string) (start, end int, err error) {
	start = -1
	quoted := `"` + want + `"`
	err = members(b, func(name, value []byte) bool {
		if string(name) != quoted {
			return true
		}
		start = cap(b) - cap(value)
		end = start + len(value)
		return false
	})
	if err == nil && start < 0 {
		err = errors.New("no " + want)
	}
	return start, end, err
}

// members calls f with each member of the object: its name, in quotes, and
// its value. Both point into b.
func members(b []byte, f func(name, value []byte) bool) error {
	pos := skipSpace(b, 0)
	if pos >= len(b) || b[pos] != '{' {
		return errJSON
	}
	pos = skipSpace(b, pos+1)
	for pos < len(b) && b[pos] != '}' {
		nameEnd, err := skipValue(b, pos)
		if err != nil || b[pos] != '"' {
			return errJSON
		}
		name := b[pos:nameEnd]
		pos = skipSpace(b, nameEnd)
		if pos >= len(b) || b[pos] != ':' {
			return errJSON
		}
		pos = skipSpace(b, pos+1)
		end, err := skipValue(b, pos)
		if err != nil {
			return err
		}
		if !f(name, b[pos:end]) {
			return nil
		}
		pos = skipSpace(b, end)
		if pos < len(b) && b[pos] == ',' {
			pos = skipSpace(b, pos+1)
		}
	}
	if pos >= len(b) {
		return errJSON
	}
	return nil
}

func skipSpace(b []byte, pos int) int {
	for pos < len(b) && (b[pos] == ' ' || b[pos] == '\n' || b[pos] == '\t' || b[pos] == '\r') {
		pos++
	}
	return pos
}

// skipValue returns where the value that starts at pos ends.
func skipValue(b []byte, pos int) (int, error) {
	if pos >= len(b) {
		return 0, errJSON
	}
	switch b[pos] {
	case '"':
		return skipString(b, pos)
	case '{', '[':
		return skipNested(b, pos)
	}
	end := pos
	for end < len(b) && !bytes.ContainsRune([]byte(",}] \n\t\r"), rune(b[end])) {
		end++
	}
	if !json.Valid(b[pos:end]) {
		return 0, errJSON
	}
	return end, nil
}

func skipString(b []byte, pos int) (int, error) {
	for i := pos + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1, nil
		}
	}
	return 0, errJSON
}

func skipNested(b []byte, pos int) (int, error) {
	depth := 0
	for i := pos; i < len(b); i++ {
		switch b[i] {
		case '"':
			end, err := skipString(b, i)
			if err != nil {
				return 0, err
			}
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
	}
	return 0, errJSON
}
