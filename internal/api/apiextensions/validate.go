package apiextensions

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// anyName leaves the name to validateNew: which one it must be, the spec says.
func anyName(string, bool) []string { return nil }

// validateNew applies the published rules to a new definition.
func validateNew(o *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	hub, errs := internal(o)
	if len(errs) > 0 {
		return errs
	}
	return unsaid(validation.ValidateCustomResourceDefinition(context.Background(), hub))
}

// validateUpdate applies those for a change. They bear with what was stored
// under the rules of its time.
func validateUpdate(o, old *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	return changed(validation.ValidateCustomResourceDefinitionUpdate, o, old)
}

func validateStatus(o, old *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	return changed(validation.ValidateUpdateCustomResourceDefinitionStatus, o, old)
}

func changed(rules func(ctx context.Context, o, old *apiextensions.CustomResourceDefinition) field.ErrorList, o, old *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	hub, errs := internal(o)
	if len(errs) > 0 {
		return errs
	}
	was, errs := internal(old)
	if len(errs) > 0 {
		return errs
	}
	return unsaid(rules(context.Background(), hub, was))
}

// internal is the definition in the form that the rules are written for. It
// shares memory with o. What versions have in common stands above them there,
// and so it does in errors.
func internal(o *apiextensionsv1.CustomResourceDefinition) (*apiextensions.CustomResourceDefinition, field.ErrorList) {
	hub := &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(o, hub, nil); err != nil {
		return nil, field.ErrorList{field.Invalid(field.NewPath("spec", "versions"), "", err.Error())}
	}
	return hub, nil
}

// unsaid leaves out what the metadata of every kind is judged for. There remain
// what a name must be made of, and the approval of a protected group.
func unsaid(errs field.ErrorList) field.ErrorList {
	const approval = "metadata.annotations[" + apiextensionsv1.KubeAPIApprovedAnnotation + "]"
	return slices.DeleteFunc(errs, func(e *field.Error) bool {
		name := e.Field == "metadata.name" && e.Type == field.ErrorTypeInvalid
		return strings.HasPrefix(e.Field, "metadata.") && !name && e.Field != approval
	})
}
