package meta

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

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
