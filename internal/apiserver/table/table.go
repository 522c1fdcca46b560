// Package table turns objects into the rows that kubectl prints, from the
// columns and cells that each kind defines.
package table

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// Row is the row of one object. include says what of the object goes with it:
// its metadata (the default), all, or nothing. version is of meta.k8s.io.
func Row(r *api.Resource, i store.Item, include metav1.IncludeObjectPolicy, version string) (metav1.TableRow, error) {
	row := metav1.TableRow{Cells: r.Row(i.Object())}
	switch include {
	case metav1.IncludeNone:
	case metav1.IncludeObject:
		row.Object = runtime.RawExtension{Raw: i.JSON()}
	default:
		meta, err := codec.MetaOfItem(i)
		if err != nil {
			return row, err
		}
		row.Object = runtime.RawExtension{Object: codec.Metadata(version, meta)}
	}
	return row, nil
}
