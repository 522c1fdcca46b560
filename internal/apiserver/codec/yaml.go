package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// YAML is written from the JSON of a document, and is to the byte what
// sigs.k8s.io/yaml makes of it. That library takes half a megabyte of memory
// and a millisecond for a pod; here it is asked only for the few values whose
// style has too many rules, each by itself.

// AppendYAML appends a JSON document as YAML.
func AppendYAML(dst, doc []byte) ([]byte, error) { return appendYAML(dst, doc, false) }

// AppendYAMLItem appends a JSON object as an item of a list at the left edge,
// which is where the items of a list of objects stand.
func AppendYAMLItem(dst, doc []byte) ([]byte, error) { return appendYAML(dst, doc, true) }

var yamlWriters = sync.Pool{New: func() any { return &yamlWriter{} }}

func appendYAML(dst, doc []byte, item bool) ([]byte, error) {
	w := yamlWriters.Get().(*yamlWriter)
	defer yamlWriters.Put(w)
	w.out, w.err = dst, nil
	w.tree.nodes = w.tree.nodes[:0]
	root, err := w.tree.parse(doc)
	if err != nil {
		return dst, err
	}
	if item {
		w.item(root, 0)
	} else if n := &w.tree.nodes[root]; n.kind == '{' && n.first > 0 {
		w.members(root, 0, false)
	} else {
		whole, err := libraryYAML(doc)
		return append(dst, whole...), err
	}
	out, err := w.out, w.err
	w.out = nil
	w.tree.forget()
	return out, err
}

// yamlWriter appends YAML. Every value ends with a new line.
type yamlWriter struct {
	out    []byte
	tree   jsonTree
	sorted []int32 // children of the objects that are being written
	err    error
}

const spaces = "                                                                                "

func (w *yamlWriter) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		w.out = append(w.out, spaces...)
	}
	w.out = append(w.out, spaces[:n]...)
}

// members writes the members of an object, in the order of the library. The
// first one's indentation is there already when it follows a dash.
func (w *yamlWriter) members(of int32, indent int, dash bool) {
	from := len(w.sorted)
	for n := w.tree.nodes[of].first; n > 0; n = w.tree.nodes[n].next {
		w.sorted = append(w.sorted, n)
	}
	slices.SortFunc(w.sorted[from:], func(a, b int32) int {
		return compareKeys(w.tree.nodes[a].key, w.tree.nodes[b].key)
	})
	for i := from; i < len(w.sorted); i++ {
		if !dash {
			w.indent(indent)
		}
		dash = false
		w.member(w.sorted[i], indent)
	}
	w.sorted = w.sorted[:from]
}

// member writes a name and its value.
func (w *yamlWriter) member(n int32, indent int) {
	m := w.tree.nodes[n]
	style, start := styleOf(m.key), len(w.out)
	if len(m.key) > maxSimpleKey || style > singleQuoted || bytes.IndexByte(m.key, ' ') >= 0 {
		w.asLibrary(&m, indent)
		return
	}
	w.out = append(appendStyled(w.out, m.key, style), ':')
	switch {
	case m.first > 0 && m.kind == '{':
		w.out = append(w.out, '\n')
		w.members(n, indent+2, false)
	case m.first > 0:
		w.out = append(w.out, '\n')
		for i := m.first; i > 0; i = w.tree.nodes[i].next {
			w.indent(indent)
			w.item(i, indent)
		}
	default:
		w.out = append(w.out, ' ')
		if !w.scalar(&m, indent, indent+len(w.out)-start) {
			w.out = w.out[:start]
			w.asLibrary(&m, indent)
		}
	}
}

// item writes an item of a list, whose dash stands at indent.
func (w *yamlWriter) item(n int32, indent int) {
	i := w.tree.nodes[n]
	start := len(w.out)
	w.out = append(w.out, "- "...)
	switch {
	case i.first > 0 && i.kind == '{':
		w.members(n, indent+2, true)
	case i.first > 0:
		w.out = w.out[:start]
		w.asLibrary(&i, indent)
	case !w.scalar(&i, indent, indent+2):
		w.out = w.out[:start]
		w.asLibrary(&i, indent)
	}
}

// foldAfter is the column behind which the library breaks lines.
const foldAfter = 80

// scalar writes what has no members; false when it has to be left to the
// library. column is where it begins.
func (w *yamlWriter) scalar(n *jsonNode, indent, column int) bool {
	switch n.kind {
	case '{':
		w.out = append(w.out, "{}\n"...)
		return true
	case '[':
		w.out = append(w.out, "[]\n"...)
		return true
	case '0', 'n':
		w.out = append(append(w.out, n.raw...), '\n')
		return n.kind == 'n' || isSmallInt(n.raw)
	}
	text := n.raw[1 : len(n.raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var err error
		if text, _, err = unescape(nil, n.raw[1:]); err != nil {
			return false
		}
	}
	style := styleOf(text)
	switch {
	case style == leftToLibrary, style != literal && column+2*len(text)+2 > foldAfter && bytes.IndexByte(text, ' ') >= 0:
		return false
	case style == literal:
		w.literal(text, indent+2)
	default:
		w.out = append(appendStyled(w.out, text, style), '\n')
	}
	return true
}

// literal writes a text of several lines as it is.
func (w *yamlWriter) literal(text []byte, indent int) {
	w.out = append(w.out, '|')
	if text[len(text)-1] != '\n' {
		w.out = append(w.out, '-')
	}
	w.out = append(w.out, '\n')
	for line := range bytes.Lines(text) {
		if line[0] != '\n' {
			w.indent(indent)
		}
		w.out = append(w.out, line...)
	}
	if text[len(text)-1] != '\n' {
		w.out = append(w.out, '\n')
	}
}

// asLibrary has the library write a member or an item, inside as many objects
// as put it into its column, and takes it out of them. Lines are broken by
// the column that they are in.
func (w *yamlWriter) asLibrary(n *jsonNode, indent int) {
	above := indent / 2
	var doc []byte
	if n.name != nil {
		doc = fmt.Appendf(nil, "{%s:%s}", n.name, n.raw)
	} else {
		doc = fmt.Appendf(nil, "[%s]", n.raw)
		if above > 0 {
			above++ // a list stands in the column of its name
		}
	}
	out, err := libraryYAML([]byte(strings.Repeat(`{"x":`, above) + string(doc) + strings.Repeat("}", above)))
	if err != nil {
		w.err = err
		return
	}
	for range above {
		_, out, _ = bytes.Cut(out, []byte{'\n'})
	}
	w.out = append(w.out, out[min(indent, len(out)):]...)
}

// libraryYAML has the library do it. What YAML, but not JSON, needs escaped is
// escaped first.
func libraryYAML(doc []byte) ([]byte, error) {
	var safe []byte
	for _, r := range string(doc) {
		switch {
		case r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			safe = fmt.Appendf(safe, `\u%04x`, r)
		default:
			safe = utf8.AppendRune(safe, r)
		}
	}
	return yaml.JSONToYAML(safe)
}
