package meta

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxSignerName is room for a domain and, behind the slash, a namespace and a
// name.
const maxSignerName = 2*validation.DNS1123SubdomainMaxLength + validation.DNS1123LabelMaxLength + 2

// SignerName wants the name of a signer of certificates: "domain/name".
func SignerName(p *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	parts := strings.Split(name, "/")
	if len(parts) != 2 {
		return field.ErrorList{field.Invalid(p, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")}
	}
	var errs field.ErrorList
	if len(parts[0]) > validation.DNS1123SubdomainMaxLength {
		errs = append(errs, field.TooLong(p, "", validation.DNS1123SubdomainMaxLength))
	}
	errs = append(errs, dotted(p, parts[0], validation.IsDNS1123Label)...)
	if !strings.Contains(parts[0], ".") {
		errs = append(errs, field.Invalid(p, parts[0], "should be a domain with at least two segments separated by dots"))
	}
	errs = append(errs, dotted(p, parts[1], validation.IsDNS1123Subdomain)...)
	if len(name) > maxSignerName {
		errs = append(errs, field.TooLong(p, "", maxSignerName))
	}
	return errs
}

// dotted applies check to the labels of a name, up to the first that is bad.
func dotted(p *field.Path, name string, check func(string) []string) field.ErrorList {
	var errs field.ErrorList
	for l := range strings.SplitSeq(name, ".") {
		for _, why := range check(l) {
			errs = append(errs, field.Invalid(p, name, fmt.Sprintf("validating label %q: %s", l, why)))
		}
		if len(errs) > 0 {
			break
		}
	}
	return errs
}

// TrustBundleName judges the name of a ClusterTrustBundle. The bundles of a
// signer begin with its name, with ":" for "/"; those of none have no ":".
func TrustBundleName(signer string) func(name string, prefix bool) []string {
	start := strings.ReplaceAll(signer, "/", ":") + ":"
	return func(name string, prefix bool) []string {
		rest, ofSigner := strings.CutPrefix(name, start)
		switch {
		case signer == "" && strings.Contains(name, ":"):
			return []string{"ClusterTrustBundle without signer name must not have \":\" in its name"}
		case signer == "":
			return Subdomain(name, prefix)
		case !ofSigner:
			return []string{fmt.Sprintf("ClusterTrustBundle for signerName %s must be named with prefix %s", signer, start)}
		}
		return Subdomain(rest, prefix)
	}
}
