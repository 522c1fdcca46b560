// Package apiregistration says what the kind of apiregistration.k8s.io/v1
// means, and holds its Go types.
package apiregistration

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Available is the condition that says whether a group and version answers.
const Available = "Available"

// APIService says who answers a group and version: this API server, or another
// one behind a Service. Requests are not passed on yet.
var APIService = api.Define(api.Kind[*Object]{
	GVK: GroupVersion.WithKind("APIService"), Plural: "apiservices", Prefix: "apiregistration.k8s.io/apiservices",
	Categories: []string{"api-extensions"},
	New:        api.New[Object], NewList: api.NewList[List],
	RequireResourceVersion: true,
	Parts: []api.PartOf[*Object]{
		api.Status(func(dst, src *Object) { dst.Status = src.Status }).Validated(func(o, _ *Object) field.ErrorList { return validateStatus(o) }),
	},

	Default: func(o *Object) {
		if s := o.Spec.Service; s != nil {
			meta.FillPtr(&s.Port, 443)
		}
	},
	ValidateName: meta.PathSegment,
	PrepareCreate: func(o *Object) {
		if o.Spec.Service == nil {
			o.Status.Conditions = []Condition{{Type: Available, Status: "True", Reason: "Local", Message: "Local APIServices are always available", LastTransitionTime: o.CreationTimestamp}}
		}
	},
	Validate: validate,

	Columns: table.Of("Name", "Service", "Available", "Age"),
	Row:     row,
})

func validate(o *Object) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if want := s.Version + "." + s.Group; o.Name != want {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), o.Name, "must be `spec.version+\".\"+spec.group`: \""+want+"\""))
	}
	// The core group has no name, and is this server's own.
	if s.Group == "" {
		if s.Service != nil {
			errs = append(errs, field.Required(p.Child("group"), "only v1 may have an empty group and it better be legacy kube"))
		}
	} else {
		errs = append(errs, meta.Invalid(p.Child("group"), s.Group, validation.IsDNS1123Subdomain(s.Group))...)
	}
	errs = append(errs, meta.Required(p.Child("version"), s.Version, validation.IsDNS1035Label)...)
	errs = append(errs, between(p.Child("groupPriorityMinimum"), s.GroupPriorityMinimum, 20000)...)
	errs = append(errs, between(p.Child("versionPriority"), s.VersionPriority, 1000)...)
	if s.Service == nil {
		if len(s.CABundle) > 0 {
			errs = append(errs, field.Invalid(p.Child("caBundle"), "<bytes>", "local APIServices may not have a caBundle"))
		}
		if s.InsecureSkipTLSVerify {
			errs = append(errs, field.Invalid(p.Child("insecureSkipTLSVerify"), true, "local APIServices may not have insecureSkipTLSVerify"))
		}
		return errs
	}
	return append(errs, validateService(s, p)...)
}

func validateService(s *Spec, p *field.Path) field.ErrorList {
	at := p.Child("service")
	errs := meta.Required(at.Child("namespace"), s.Service.Namespace, nil)
	errs = append(errs, meta.Required(at.Child("name"), s.Service.Name, nil)...)
	errs = append(errs, meta.Port(at.Child("port"), ptr.Deref(s.Service.Port, 443))...)
	if s.InsecureSkipTLSVerify && len(s.CABundle) > 0 {
		errs = append(errs, field.Invalid(p.Child("insecureSkipTLSVerify"), true, "may not be true if caBundle is present"))
	}
	return errs
}

func between(p *field.Path, n, most int32) field.ErrorList {
	if n > 0 && n <= most {
		return nil
	}
	text := "must be positive and less than 20000"
	if most == 1000 {
		text = "must be positive and less than 1000"
	}
	return field.ErrorList{field.Invalid(p, n, text)}
}

func validateStatus(o *Object) field.ErrorList {
	var errs field.ErrorList
	for i, c := range o.Status.Conditions {
		errs = append(errs, meta.Enum(field.NewPath("status", "conditions").Index(i).Child("status"), c.Status, "True", "False", "Unknown")...)
	}
	return errs
}

func row(o *Object) []any {
	service, available := "Local", "Unknown"
	if s := o.Spec.Service; s != nil {
		service = s.Namespace + "/" + s.Name
	}
	for _, c := range o.Status.Conditions {
		if c.Type == Available {
			available = c.Status
			if c.Status != "True" {
				available = strings.TrimSuffix(c.Status+" ("+c.Reason+")", " ()")
			}
		}
	}
	return []any{o.Name, service, available, table.Age(o.CreationTimestamp)}
}
