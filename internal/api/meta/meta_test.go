package meta

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestGenerateName(t *testing.T) {
	a, b := GenerateName("web-"), GenerateName("web-")
	if len(a) != 9 || !strings.HasPrefix(a, "web-") || a == b {
		t.Errorf("%s, %s", a, b)
	}
	if long := GenerateName(strings.Repeat("x", 80)); len(long) != 63 {
		t.Errorf("%d characters: %s", len(long), long)
	}
}

func TestMetadata(t *testing.T) {
	o := &metav1.ObjectMeta{Name: "a", Namespace: "ns", Labels: map[string]string{"bad key": "v"},
		OwnerReferences: []metav1.OwnerReference{{Kind: "Pod", Name: "p"}}, Finalizers: []string{"x y"}}
	got := Validate(o, false, Subdomain).ToAggregate().Error()
	for _, want := range []string{
		"metadata.namespace: Forbidden: not allowed on this type", "metadata.labels: Invalid value: \"bad key\"",
		"metadata.ownerReferences[0].apiVersion: Required value", "metadata.ownerReferences[0].uid: Required value", "metadata.finalizers: Invalid value: \"x y\"",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	old := &metav1.ObjectMeta{Name: "a", Namespace: "ns", UID: "1", ResourceVersion: "1"}
	changed := &metav1.ObjectMeta{Name: "b", Namespace: "ns", UID: "1", ResourceVersion: "1"}
	if errs := ValidateUpdate(changed, old); len(errs) != 1 || errs[0].Error() != `metadata.name: Invalid value: "b": field is immutable` {
		t.Errorf("%v", errs)
	}
}

func TestEndpointIP(t *testing.T) {
	p := field.NewPath("ip")
	for ip, good := range map[string]bool{
		"10.0.0.1": true, "fd00::1": true, "0.0.0.0": false, "127.0.0.1": false, "169.254.1.1": false, "fe80::1": false, "224.0.0.1": false, "x": false,
	} {
		if errs := EndpointIP(p, ip); (len(errs) == 0) != good {
			t.Errorf("%s: %v", ip, errs)
		}
	}
}

func TestEnum(t *testing.T) {
	p := field.NewPath("f")
	for value, want := range map[string]string{
		"A": "", "": "f: Required value", "C": `f: Unsupported value: "C": supported values: "A", "B"`,
	} {
		got := ""
		if errs := Enum(p, value, "A", "B"); len(errs) > 0 {
			got = errs[0].Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
