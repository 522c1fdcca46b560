package apiserver

import (
	"strings"

	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// writeYAML writes the list with its keys in order, as YAML documents have
// them.
func (f *listForm) writeYAML(w *chunked, l *store.List) error {
	top, err := codec.AppendYAML(nil, append(f.head(), '}'))
	if err != nil {
		return err
	}
	before, after, _ := strings.Cut(string(top), "\nkind:")
	_, _ = w.WriteString(before + "\n")
	tail := "kind:" + after
	if f.itemsName == "rows" { // rows come last in the alphabet
		_, _ = w.WriteString(tail)
		tail = ""
	}
	_, _ = w.WriteString(f.itemsName + ":")
	between := "\n"
	var item, one []byte
	for i := range l.Items {
		if item, err = f.append(item[:0], i); err != nil {
			return abort(err)
		}
		if one, err = codec.AppendYAMLItem(one[:0], item); err != nil {
			return abort(err)
		}
		_, _ = w.WriteString(between)
		between = ""
		if _, err := w.Write(one); err != nil {
			return abort(err)
		}
	}
	if between != "" {
		_, _ = w.WriteString(" []\n")
	}
	_, err = w.WriteString(tail)
	return err
}
