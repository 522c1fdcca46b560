package meta

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Fill sets *p to v where it has the zero value.
func Fill[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// FillPtr points *p to v where it is nil.
func FillPtr[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

// Invalid makes an error of each message about value.
func Invalid(p *field.Path, value any, messages []string) field.ErrorList {
	var errs field.ErrorList
	for _, m := range messages {
		errs = append(errs, field.Invalid(p, value, m))
	}
	return errs
}

// Enum wants value to be one of allowed.
func Enum[T ~string](p *field.Path, value T, allowed ...T) field.ErrorList {
	switch {
	case slices.Contains(allowed, value):
		return nil
	case value == "":
		return field.ErrorList{field.Required(p, "")}
	}
	return field.ErrorList{field.NotSupported(p, value, allowed)}
}

// EnumOr wants value, if there is one, to be one of allowed.
func EnumOr[T ~string](p *field.Path, value *T, allowed ...T) field.ErrorList {
	if value == nil {
		return nil
	}
	return OneOf(p, *value, allowed...)
}

// OneOf is Enum for a field that is wrong, and not missing, when it is empty.
func OneOf[T ~string](p *field.Path, value T, allowed ...T) field.ErrorList {
	if slices.Contains(allowed, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(p, value, allowed)}
}

// Required wants value, and wants it to pass check.
func Required(p *field.Path, value string, check func(string) []string) field.ErrorList {
	if value == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	return Optional(p, value, check)
}

// Optional wants value, if there is one, to pass check.
func Optional(p *field.Path, value string, check func(string) []string) field.ErrorList {
	if value == "" || check == nil {
		return nil
	}
	return Invalid(p, value, check(value))
}

// Name wants value to be a valid name of another object.
func Name(p *field.Path, value string, validName func(string, bool) []string) field.ErrorList {
	return Required(p, value, func(s string) []string { return validName(s, false) })
}

// OptionalName is Name of a field that may be empty.
func OptionalName(p *field.Path, value string, validName func(string, bool) []string) field.ErrorList {
	if value == "" {
		return nil
	}
	return Name(p, value, validName)
}

// NonNegative wants n to be 0 or more.
func NonNegative[T ~int32 | ~int64](p *field.Path, n T) field.ErrorList {
	return apivalidation.ValidateNonnegativeField(int64(n), p)
}

// NonNegativeOr is NonNegative of a field that may be left out.
func NonNegativeOr[T ~int32 | ~int64](p *field.Path, n *T) field.ErrorList {
	if n == nil {
		return nil
	}
	return NonNegative(p, *n)
}

// Positive wants n to be 1 or more.
func Positive[T ~int32 | ~int64](p *field.Path, n T) field.ErrorList {
	if n > 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, n, "must be greater than zero")}
}

// Port wants n to be a port number.
func Port(p *field.Path, n int32) field.ErrorList {
	return Invalid(p, n, validation.IsValidPortNum(int(n)))
}

// Immutable wants the field to stay as it was.
func Immutable(p *field.Path, value, old any) field.ErrorList {
	return apivalidation.ValidateImmutableField(value, old, p)
}

// Fixed is Immutable for what the published rules of k8s.io/api say of a field:
// they do not repeat its value.
func Fixed(p *field.Path, value, old any) field.ErrorList {
	if equality.Semantic.DeepEqual(value, old) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, nil, "field is immutable")}
}

// Labels wants m to be valid labels.
func Labels(p *field.Path, m map[string]string) field.ErrorList {
	return metavalidation.ValidateLabels(m, p)
}

// Selector wants s to be a valid label selector; nil is one.
func Selector(p *field.Path, s *metav1.LabelSelector) field.ErrorList {
	return metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, p)
}

// Unique reports what is there twice.
type Unique[T comparable] map[T]bool

// Check takes v, which stands at p.
func (u Unique[T]) Check(p *field.Path, v T) field.ErrorList {
	if u[v] {
		return field.ErrorList{field.Duplicate(p, v)}
	}
	u[v] = true
	return nil
}

// Forbid refuses each field of set that is true, in the order of their names.
func Forbid(p *field.Path, why string, set map[string]bool) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] {
			errs = append(errs, field.Forbidden(p.Child(name), why))
		}
	}
	return errs
}

// Count is a number that stands in the field Name.
type Count struct {
	Name string
	N    int64
}

// CountOf makes a Count of a field that may be left out.
func CountOf[T ~int32 | ~int64](name string, n *T) Count {
	if n == nil {
		return Count{Name: name}
	}
	return Count{name, int64(*n)}
}

// NonNegatives is NonNegative of each of several fields, in their order.
func NonNegatives(p *field.Path, counts ...Count) field.ErrorList {
	var errs field.ErrorList
	for _, c := range counts {
		errs = append(errs, NonNegative(p.Child(c.Name), c.N)...)
	}
	return errs
}

// NotAbove wants none of counts to be more than most, which why names.
func NotAbove(p *field.Path, most int32, why string, counts ...Count) field.ErrorList {
	var errs field.ErrorList
	for _, c := range counts {
		if c.N > int64(most) {
			errs = append(errs, field.Invalid(p.Child(c.Name), c.N, "cannot be greater than "+why))
		}
	}
	return errs
}
