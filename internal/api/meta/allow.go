package meta

import (
	"reflect"
	"slices"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Only refuses every field of the struct value that is set and not among
// allowed, in the order of the struct. allowed are names in Go, and errors name
// the fields by them too, but for the case of the first letter.
func Only(p *field.Path, value any, why string, allowed ...string) field.ErrorList {
	var errs field.ErrorList
	v := reflect.ValueOf(value)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !slices.Contains(allowed, name) && !v.Field(i).IsZero() {
			errs = append(errs, field.Forbidden(p.Child(lowerFirst(name)), why))
		}
	}
	return errs
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
