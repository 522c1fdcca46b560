package storage

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// provisioner wants the name of what makes volumes, if there is one, to be a
// qualified name in any case.
func provisioner(p *field.Path, name string) field.ErrorList {
	return meta.Optional(p, name, func(s string) []string { return validation.IsQualifiedName(strings.ToLower(s)) })
}

const maxDriverName = 63

// driverName wants the name of a CSI driver: a DNS subdomain in any case, and
// short.
func driverName(p *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	if len(name) > maxDriverName {
		errs = append(errs, field.TooLong(p, name, maxDriverName))
	}
	return append(errs, meta.Invalid(p, name, validation.IsDNS1123Subdomain(strings.ToLower(name)))...)
}

// Bounds on the parameters of a class.
const (
	maxParameters     = 512
	maxParametersSize = 256 << 10
)

func validateParameters(m map[string]string, p *field.Path) field.ErrorList {
	if len(m) > maxParameters {
		return field.ErrorList{field.TooLong(p, "", maxParameters)}
	}
	var errs field.ErrorList
	if _, empty := m[""]; empty {
		errs = append(errs, field.Invalid(p, "", "field can not be empty."))
	}
	if sizeOf(m) > maxParametersSize {
		errs = append(errs, field.TooLong(p, "", maxParametersSize))
	}
	return errs
}

func sizeOf(m map[string]string) int {
	n := 0
	for k, v := range m {
		n += len(k) + len(v)
	}
	return n
}

// change is a field before and after an update.
type change struct {
	name    string
	is, was any
}

// forbidUpdates wants fields to stay as they were.
func forbidUpdates(changes ...change) field.ErrorList {
	var errs field.ErrorList
	for _, c := range changes {
		if !equality.Semantic.DeepEqual(c.is, c.was) {
			errs = append(errs, field.Forbidden(field.NewPath(c.name), "updates to "+c.name+" are forbidden."))
		}
	}
	return errs
}
