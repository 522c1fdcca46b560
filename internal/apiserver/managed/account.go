package managed

import (
	"bytes"
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxUpdaters is how many managers that update keep an entry of their own;
// the oldest of more are summed up in one.
const maxUpdaters = 10

// After is the account of an object after a change by self, an entry without
// fields whose operation is Update. What self has set is its own, and nobody
// else's; what is gone is nobody's. It reports false for entries of another
// version, whose fields have other names, for what Union does not understand,
// and for too many entries.
func After(entries []metav1.ManagedFieldsEntry, c Change, self metav1.ManagedFieldsEntry) ([]metav1.ManagedFieldsEntry, bool) {
	out := make([]metav1.ManagedFieldsEntry, 0, len(entries)+1)
	updaters, known := 0, false
	for _, e := range entries {
		if e.APIVersion != self.APIVersion || e.FieldsType != fieldsV1 || e.FieldsV1 == nil {
			return nil, false
		}
		own := e.Manager == self.Manager && e.Operation == self.Operation && e.Subresource == self.Subresource
		left, ok := e.FieldsV1.GetRawBytes(), true
		if left, ok = without(left, c.Removed, ok); !own {
			left, ok = without(left, c.Set, ok)
		} else if ok && len(c.Set) > 0 {
			known, e.Time = true, self.Time
			left, ok = Union(left, c.Set)
		}
		switch {
		case !ok:
			return nil, false
		case len(left) == 0:
			continue
		case e.Operation == metav1.ManagedFieldsOperationUpdate:
			updaters++
		case e.Operation != metav1.ManagedFieldsOperationApply:
			return nil, false
		}
		if !bytes.Equal(left, e.FieldsV1.GetRawBytes()) {
			e.FieldsV1 = asFields(left)
		}
		out = append(out, e)
	}
	if !known && len(c.Set) > 0 {
		self.FieldsType, self.FieldsV1 = fieldsV1, asFields(c.Set)
		out = append(out, self)
		updaters++
	}
	if updaters > maxUpdaters {
		return nil, false
	}
	slices.SortFunc(out, compareEntries)
	return out, true
}

const fieldsV1 = "FieldsV1"

func without(set, other []byte, ok bool) ([]byte, bool) {
	if !ok || len(other) == 0 {
		return set, ok
	}
	return Without(set, other)
}

func asFields(set []byte) *metav1.FieldsV1 {
	f := &metav1.FieldsV1{}
	f.SetRawBytes(set)
	return f
}

// compareEntries compares entries by operation, time, and who made them.
func compareEntries(a, b metav1.ManagedFieldsEntry) int {
	return cmp.Or(
		cmp.Compare(a.Operation, b.Operation), cmp.Compare(seconds(a.Time), seconds(b.Time)),
		cmp.Compare(a.Manager, b.Manager), cmp.Compare(a.APIVersion, b.APIVersion), cmp.Compare(a.Subresource, b.Subresource),
	)
}

func seconds(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}
