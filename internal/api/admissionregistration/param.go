package admissionregistration

import (
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// defaultParamRef: without its parameters, a policy refuses.
func defaultParamRef(r *admissionregistrationv1.ParamRef) {
	if r != nil {
		meta.FillPtr(&r.ParameterNotFoundAction, admissionregistrationv1.DenyAction)
	}
}

// validateParamKind judges the kind of a policy's parameters.
func validateParamKind(k *admissionregistrationv1.ParamKind, p *field.Path) field.ErrorList {
	if k == nil {
		return nil
	}
	errs := validateGroupVersion(k.APIVersion, p.Child("apiVersion"))
	if k.Kind == "" {
		return append(errs, field.Required(p.Child("kind"), ""))
	}
	if why := validation.IsDNS1035Label(strings.ToLower(k.Kind)); len(why) > 0 {
		errs = append(errs, field.Invalid(p.Child("kind"), k.Kind, "may have mixed case, but should otherwise match: "+strings.Join(why, ",")))
	}
	return errs
}

func validateGroupVersion(gv string, p *field.Path) field.ErrorList {
	group, version, qualified := strings.Cut(gv, "/")
	switch {
	case gv == "":
		return field.ErrorList{field.Required(p, "")}
	case strings.Contains(version, "/"):
		return field.ErrorList{field.Invalid(p, gv, "unexpected GroupVersion string: "+gv)}
	case !qualified:
		group, version = "", gv
	}
	var errs field.ErrorList
	if why := validation.IsDNS1123Subdomain(group); group != "" && len(why) > 0 {
		errs = append(errs, field.Invalid(p, group, strings.Join(why, ",")))
	}
	if version == "" {
		return append(errs, field.Invalid(p, gv, "version must be specified"))
	}
	if why := validation.IsDNS1035Label(version); len(why) > 0 {
		errs = append(errs, field.Invalid(p, version, strings.Join(why, ",")))
	}
	return errs
}

func validateParamRef(r *admissionregistrationv1.ParamRef, p *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	const both = "name and selector are mutually exclusive"
	var errs field.ErrorList
	if r.Name != "" {
		errs = append(errs, meta.Invalid(p.Child("name"), r.Name, meta.PathSegment(r.Name, false))...)
		if r.Selector != nil {
			errs = append(errs, field.Forbidden(p.Child("name"), both))
		}
	}
	errs = append(errs, meta.Selector(p.Child("selector"), r.Selector)...)
	switch {
	case r.Selector != nil && r.Name != "":
		errs = append(errs, field.Forbidden(p.Child("selector"), both))
	case r.Selector == nil && r.Name == "":
		errs = append(errs, field.Required(p, "one of name or selector must be specified"))
	}
	return append(errs, meta.Enum(p.Child("parameterNotFoundAction"), ptr.Deref(r.ParameterNotFoundAction, ""),
		admissionregistrationv1.DenyAction, admissionregistrationv1.AllowAction)...)
}

func paramKind(k *admissionregistrationv1.ParamKind) string {
	if k == nil {
		return table.Unset
	}
	return k.APIVersion + "/" + k.Kind
}

// paramRef prints which objects are the parameters. Whether they lie in
// namespaces cannot be told from it.
func paramRef(r *admissionregistrationv1.ParamRef) string {
	switch {
	case r == nil, r.Name == "" && r.Selector == nil:
		return table.Unset
	case r.Name == "":
		return r.Selector.String()
	case r.Namespace != "":
		return r.Namespace + "/" + r.Name
	}
	return "*/" + r.Name
}
