package meta

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/operation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Declared is one of the checks that k8s.io/api publishes: the rules that are
// written beside the fields of a type.
type Declared[T any] func(ctx context.Context, op operation.Operation, p *field.Path, value, old *T) field.ErrorList

// Published applies the published rules to value. old is nil for a new object;
// what it shares with value is not judged again. options are those that the
// rules ask for.
func Published[T any](rules Declared[T], p *field.Path, value, old *T, options map[string]bool) field.ErrorList {
	op := operation.Operation{Type: operation.Create, Options: options}
	if old != nil {
		op.Type = operation.Update
	}
	// Rules that are still being tried out bind nobody.
	return slices.DeleteFunc(rules(context.Background(), op, p, value, old), (*field.Error).IsAlpha)
}
