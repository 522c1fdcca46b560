package codec

// jsonTree is JSON taken apart, but not decoded: its nodes point into it.
type jsonTree struct {
	nodes []jsonNode
	in    []byte
	at    int
}

// jsonNode is a value, and its name if it is a member of an object.
type jsonNode struct {
	kind        byte   // '{', '[', '"', '0' for a number, 'n' for a word
	name, key   []byte // in quotes and escaped; as it reads
	raw         []byte
	first, next int32 // child and sibling; 0: none, as the root is neither
}

// parse takes a document apart and returns its root.
func (t *jsonTree) parse(doc []byte) (int32, error) {
	t.in, t.at = doc, 0
	root, err := t.value(0)
	if t.skipSpace(); err == nil && t.at != len(doc) {
		err = errNotJSON
	}
	return root, err
}

// forget lets go of the document; a large tree goes with it.
func (t *jsonTree) forget() {
	clear(t.nodes)
	t.in = nil
	if cap(t.nodes) > 4096 {
		t.nodes = nil
	}
}

func (t *jsonTree) skipSpace() {
	for t.at < len(t.in) && (t.in[t.at] == ' ' || t.in[t.at] == '\n' || t.in[t.at] == '\t' || t.in[t.at] == '\r') {
		t.at++
	}
}

func (t *jsonTree) take(c byte) bool {
	t.skipSpace()
	if t.at < len(t.in) && t.in[t.at] == c {
		t.at++
		return true
	}
	return false
}

func (t *jsonTree) value(depth int) (int32, error) {
	if t.skipSpace(); t.at == len(t.in) || depth > maxDepth {
		return 0, errNotJSON
	}
	id, start, c := int32(len(t.nodes)), t.at, t.in[t.at]
	t.nodes = append(t.nodes, jsonNode{kind: c})
	var err error
	switch {
	case c == '{':
		err = t.children(id, '}', depth)
	case c == '[':
		err = t.children(id, ']', depth)
	case c == '"':
		_, err = t.text()
	default:
		err = t.word(id)
	}
	t.nodes[id].raw = t.in[start:t.at]
	return id, err
}

func (t *jsonTree) children(of int32, end byte, depth int) error {
	t.at++
	last := int32(0)
	for !t.take(end) {
		if last > 0 && !t.take(',') {
			return errNotJSON
		}
		var name, key []byte
		if end == '}' {
			t.skipSpace()
			start := t.at
			var err error
			if key, err = t.text(); err != nil {
				return err
			}
			name = t.in[start:t.at]
			if !t.take(':') {
				return errNotJSON
			}
		}
		n, err := t.value(depth + 1)
		if err != nil {
			return err
		}
		t.nodes[n].name, t.nodes[n].key = name, key
		if last > 0 {
			t.nodes[last].next = n
		} else {
			t.nodes[of].first = n
		}
		last = n
	}
	return nil
}

// text goes past a string and returns what it says. Only a name is needed
// unescaped here, and names are short.
func (t *jsonTree) text() ([]byte, error) {
	if t.at == len(t.in) || t.in[t.at] != '"' {
		return nil, errNotJSON
	}
	start := t.at + 1
	for i := start; i < len(t.in); i++ {
		switch t.in[i] {
		case '"':
			t.at = i + 1
			return t.in[start:i], nil
		case '\\':
			plain, n, err := unescape(nil, t.in[start:])
			t.at = start + n
			return plain, err
		}
	}
	return nil, errNotJSON
}

func (t *jsonTree) word(id int32) error {
	start := t.at
scan:
	for t.at < len(t.in) {
		switch t.in[t.at] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			break scan
		}
		t.at++
	}
	switch word := t.in[start:t.at]; {
	case string(word) == "null" || string(word) == "true" || string(word) == "false":
		t.nodes[id].kind = 'n'
	case len(word) > 0 && (word[0] == '-' || isDigit(word[0])):
		t.nodes[id].kind = '0'
	default:
		return errNotJSON
	}
	return nil
}
