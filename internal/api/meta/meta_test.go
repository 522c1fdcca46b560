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

func TestSignerName(t *testing.T) {
	long := strings.Repeat("a", 60)
	domain := strings.Join([]string{long, long, long, long, long}, ".")
	for name, want := range map[string]string{
		"":            "p: Required value",
		"a.b/c":       "",
		"a.b/c.d":     "",
		"a.b":         `p: Invalid value: "a.b": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
		"a.b/c/d":     `p: Invalid value: "a.b/c/d": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
		"a/c":         `p: Invalid value: "a": should be a domain with at least two segments separated by dots`,
		"A.b/c":       `p: Invalid value: "A.b": validating label "A": `,
		"a.b/C":       `p: Invalid value: "C": validating label "C": `,
		domain + "/c": "p: Too long: may not be more than 253 bytes",
		"a.b/" + strings.Repeat(domain+".", 2) + "c": "p: Too long: may not be more than 571 bytes",
	} {
		errs := SignerName(field.NewPath("p"), name)
		if got := join(errs); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestTrustBundleName(t *testing.T) {
	for _, c := range []struct {
		signer, name string
		prefix       bool
		want         string
	}{
		{"", "a.b", false, ""},
		{"", "a:b", false, `ClusterTrustBundle without signer name must not have ":" in its name`},
		{"", "a-", true, ""},
		{"a.b/c", "a.b:c:d", false, ""},
		{"a.b/c", "a.b:c:d-", true, ""},
		{"a.b/c", "d", false, "ClusterTrustBundle for signerName a.b/c must be named with prefix a.b:c:"},
		{"a.b/c", "a.b:c:D", false, "a lowercase RFC 1123 subdomain must consist of"},
	} {
		got := strings.Join(TrustBundleName(c.signer)(c.name, c.prefix), "; ")
		if !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%q of %q: got %q, want %q", c.name, c.signer, got, c.want)
		}
	}
}

func join(errs field.ErrorList) string {
	var lines []string
	for _, e := range errs {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}
