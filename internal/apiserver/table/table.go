// Package table turns objects into the rows that kubectl prints, from the
// columns and cells that each kind defines.
package table

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
	"skiff/internal/wirejson"
)

// Printer prints rows, one after the other. The zero value is ready for use.
type Printer struct {
	scratch  store.Scratch
	metadata wirejson.Form
}

// AppendRow appends the JSON of an object's row. include says what of the
// object goes with it: its metadata (the default), all, or nothing. version
// is that of meta.k8s.io.
func (p *Printer) AppendRow(b []byte, r *api.Resource, i store.Item, include metav1.IncludeObjectPolicy, version string) ([]byte, error) {
	b, err := appendCells(append(b, `{"cells":`...), r.Row(i.Printed(&p.scratch)))
	if err != nil {
		return b, err
	}
	b = append(b, `,"object":`...)
	switch include {
	case metav1.IncludeNone:
		b = append(b, "null"...)
	case metav1.IncludeObject:
		b = i.AppendJSON(b, &p.scratch)
	default:
		b, err = codec.AppendMetadata(b, i, version, &p.metadata)
	}
	return append(b, '}'), err
}

func appendCells(b []byte, cells []any) ([]byte, error) {
	b = append(b, '[')
	for n, cell := range cells {
		if n > 0 {
			b = append(b, ',')
		}
		if text, ok := cell.(string); ok {
			b = wirejson.AppendString(b, []byte(text))
			continue
		}
		data, err := json.Marshal(cell)
		if err != nil {
			return b, err
		}
		b = append(b, data...)
	}
	return append(b, ']'), nil
}
