package managed

import (
	"bytes"
	"cmp"
	"strconv"
)

// A set of fields as it is written in FieldsV1: an object of objects, whose
// members are fields, in order. A member that has no members itself is of the
// set; one that has is of it only if "." is among them. No bytes are the empty
// set.

// Union is what is in a or in b. It reports false for what it cannot read:
// sets that are written in another way than structured-merge-diff does, and
// names with escapes, whose order is not that of their bytes.
func Union(a, b []byte) ([]byte, bool) { return combine(a, b, false) }

// Without is what is in a but not in b; see Union.
func Without(a, b []byte) ([]byte, bool) { return combine(a, b, true) }

func combine(a, b []byte, subtract bool) ([]byte, bool) {
	c := combination{left: reader{b: orEmpty(a)}, right: reader{b: orEmpty(b)}, subtract: subtract}
	c.out = writer{b: make([]byte, 0, len(a)+len(b)), ok: true}
	c.left.expect('{')
	c.right.expect('{')
	c.out.b = append(c.out.b, '{')
	c.members()
	c.out.b = append(c.out.b, '}')
	if c.left.bad || c.right.bad || !c.left.atEnd() || !c.right.atEnd() {
		return nil, false
	}
	if len(c.out.b) == len("{}") {
		return nil, true
	}
	return c.out.b, true
}

func orEmpty(set []byte) []byte {
	if len(set) == 0 {
		return []byte("{}")
	}
	return set
}

type combination struct {
	left, right reader
	out         writer
	subtract    bool
}

// members combines the members of two objects that have been entered, and
// leaves them.
func (c *combination) members() {
	a, b := c.left.next(), c.right.next()
	for (a != nil || b != nil) && !c.left.bad && !c.right.bad {
		switch order := c.order(a, b); {
		case order < 0:
			c.copy(a, c.left.object())
			a = c.left.next()
		case order > 0:
			if other := c.right.object(); !c.subtract {
				c.copy(b, other)
			}
			b = c.right.next()
		default:
			c.both(a)
			a, b = c.left.next(), c.right.next()
		}
	}
}

// order compares two names; nil, which stands for no more, comes last.
func (c *combination) order(a, b []byte) int {
	switch {
	case b == nil:
		return -1
	case a == nil:
		return 1
	}
	order, ok := compareNames(a, b)
	c.left.bad = c.left.bad || !ok
	return order
}

func (c *combination) copy(name, object []byte) {
	c.out.separate()
	c.out.b = append(append(append(c.out.b, name...), ':'), object...)
}

// both combines a member that both have.
func (c *combination) both(name []byte) {
	before := len(c.out.b)
	c.out.separate()
	c.out.b = append(append(c.out.b, name...), ':', '{')
	empty := len(c.out.b)
	inLeft, inRight := c.left.itself(), c.right.itself()
	isMember := inLeft || inRight
	if c.subtract {
		isMember = inLeft && !inRight
	}
	if isMember {
		c.out.b = append(c.out.b, `".":{}`...)
	}
	self := len(c.out.b)
	c.members()
	switch {
	case len(c.out.b) > self:
	case isMember:
		c.out.b = c.out.b[:empty]
	default:
		c.out.b = c.out.b[:before]
		return
	}
	c.out.b = append(c.out.b, '}')
}

// reader reads a set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) atEnd() bool { return len(r.b) == 0 }

func (r *reader) expect(c byte) {
	if len(r.b) == 0 || r.b[0] != c {
		r.bad = true
		return
	}
	r.b = r.b[1:]
}

// next is the name of the next member, in quotes, up to its object; nil if
// there is none, and the object has been left.
func (r *reader) next() []byte {
	if len(r.b) > 0 && r.b[0] == ',' {
		r.b = r.b[1:]
	}
	if len(r.b) > 0 && r.b[0] == '}' {
		r.b = r.b[1:]
		return nil
	}
	n := stringEnd(r.b)
	if n < 0 || len(r.b) == n || r.b[n] != ':' {
		r.bad = true
		return nil
	}
	name := r.b[:n]
	r.b = r.b[n+1:]
	return name
}

// itself enters an object and reports whether it is of the set itself.
func (r *reader) itself() bool {
	const dot = `".":{}`
	r.expect('{')
	if bytes.HasPrefix(r.b, []byte(dot)) {
		r.b = r.b[len(dot):]
		return true
	}
	return len(r.b) > 0 && r.b[0] == '}'
}

// object is the next object as a whole.
func (r *reader) object() []byte {
	depth := 0
	for i := 0; i < len(r.b); i++ {
		switch r.b[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				object := r.b[:i+1]
				r.b = r.b[i+1:]
				return object
			}
		case '"':
			n := stringEnd(r.b[i:])
			if n < 0 {
				r.bad = true
				return nil
			}
			i += n - 1
		case ':', ',':
		default:
			r.bad = true
			return nil
		}
	}
	r.bad = true
	return nil
}

// stringEnd is how long the string in quotes is that b begins with; negative
// if b begins with none.
func stringEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return -1
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// compareNames compares the names of two members, in quotes: fields come
// before items with keys, and these before items that are values.
func compareNames(a, b []byte) (order int, ok bool) {
	if bytes.Equal(a, b) {
		return 0, true
	}
	kindOfA, kindOfB := kindOfName(a), kindOfName(b)
	if kindOfA == 0 || kindOfB == 0 {
		return 0, false
	}
	if kindOfA != kindOfB {
		return cmp.Compare(kindOfA, kindOfB), true
	}
	a, b = a[len(`"f:`):len(a)-1], b[len(`"f:`):len(b)-1]
	switch kindOfA {
	case 'f':
		return bytes.Compare(a, b), bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0
	case 'k':
		var i, j item
		if !i.parse(a) || !j.parse(b) {
			return 0, false
		}
		return compareItems(i, j), true
	}
	p, restA, okA := parsePart(a)
	q, restB, okB := parsePart(b)
	return compareParts(p, q), okA && okB && len(restA) == 0 && len(restB) == 0 && p.isText == q.isText
}

// kindOfName is the letter that a member's name begins with; letters are in
// the order of the kinds.
func kindOfName(name []byte) byte {
	if len(name) < len(`"f:"`) || name[2] != ':' {
		return 0
	}
	switch c := name[1]; c {
	case 'f', 'k', 'v':
		return c
	}
	return 0
}

// parse reads the keys of an item, as path writes them.
func (it *item) parse(b []byte) bool {
	b, ok := bytes.CutPrefix(b, []byte("{"))
	for ok && it.n < maxKeys {
		var name part
		if name, b, ok = parsePart(b); !ok || !name.isText || len(b) == 0 || b[0] != ':' {
			return false
		}
		p := &it.keys[it.n]
		if *p, b, ok = parsePart(b[1:]); !ok || len(b) == 0 {
			return false
		}
		p.name = name.text
		it.n++
		if string(b) == "}" {
			return true
		}
		b, ok = bytes.CutPrefix(b, []byte(","))
	}
	return false
}

// parsePart reads a string or an integer that is written within a string.
func parsePart(b []byte) (p part, rest []byte, ok bool) {
	if text, isText := bytes.CutPrefix(b, []byte(`\"`)); isText {
		end := bytes.IndexByte(text, '\\')
		if end < 0 || !bytes.HasPrefix(text[end:], []byte(`\"`)) {
			return p, nil, false
		}
		return part{text: string(text[:end]), isText: true}, text[end+len(`\"`):], true
	}
	n := 0
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n] == '-') {
		n++
	}
	number, err := strconv.ParseInt(string(b[:n]), 10, 64)
	return part{number: number}, b[n:], err == nil
}
