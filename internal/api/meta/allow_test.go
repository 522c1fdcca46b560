package meta

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestOnly(t *testing.T) {
	o := metav1.ObjectMeta{Name: "n", UID: "u", Labels: map[string]string{"a": "b"}, Finalizers: []string{}}
	got := ""
	for _, e := range Only(field.NewPath("m"), o, "no", "Labels") {
		got += e.Error() + "\n"
	}
	if want := "m.name: Forbidden: no\nm.uID: Forbidden: no\nm.finalizers: Forbidden: no\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
