package wirejson

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// A large object leaves nothing behind, and spoils nothing for those after it.
func TestLargeObjectsLeaveNoForm(t *testing.T) {
	plan, err := For(reflect.TypeFor[corev1.ConfigMap]())
	if err != nil {
		t.Fatal(err)
	}
	var f Form
	write := func(value string) {
		t.Helper()
		m := corev1.ConfigMap{Data: map[string]string{"k": value}}
		data, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		want, err := plan.AppendFields(nil, data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := plan.AppendFieldsLike(nil, data, &f); err != nil || string(got) != string(want) {
			t.Errorf("%v, %d bytes, want %d", err, len(got), len(want))
		}
	}
	write("small")
	if f.in == nil || len(f.blanks) != 2 {
		t.Fatalf("a small object leaves %d blanks", len(f.blanks))
	}
	write(strings.Repeat("x", mostForm))
	if f.in != nil || cap(f.out) > mostForm {
		t.Errorf("a large object leaves %d bytes, and room for %d", len(f.in), cap(f.out))
	}
	write("small")
	write("other")
}
