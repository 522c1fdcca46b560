package certificates

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxSignerName has room for a domain, a slash, a namespace, a dot and a name.
const maxSignerName = validation.DNS1123SubdomainMaxLength + 1 + validation.DNS1123LabelMaxLength + 1 + validation.DNS1123SubdomainMaxLength

// signerName wants the name of a signer: a domain and a path of one segment.
func signerName(p *field.Path, name string) field.ErrorList {
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
