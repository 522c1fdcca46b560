package resource

import (
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	dracel "k8s.io/dynamic-resource-allocation/cel"

	"skiff/internal/api/cel"
)

// expressions are what selectors may use: how often a device can be allocated,
// and no attributes that are lists, which are still being tried out.
var expressions = dracel.Features{EnableConsumableCapacity: true}

// validateExpression judges the expression of a new selector, which must say of
// a device whether it is meant, and must not cost too much.
func validateExpression(p *field.Path, text string) field.ErrorList {
	mode := cel.Mode(false)
	compiled := dracel.GetCompiler(expressions).CompileCELExpression(text, dracel.Options{EnvType: &mode})
	switch {
	case compiled.Error != nil:
		return field.ErrorList{cel.Error(p, text, compiled.Error)}
	case compiled.MaxCost > resourcev1.CELSelectorExpressionMaxCost:
		return field.ErrorList{field.Forbidden(p, "too complex, exceeds cost limit")}
	}
	return nil
}
