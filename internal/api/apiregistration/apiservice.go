// Package apiregistration says what the kind of apiregistration.k8s.io/v1
// means, and holds its Go types.
package apiregistration

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

const httpsPort = 443

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
		api.StatusOnly(func(dst, src *Object) { dst.Status = src.Status }).Validated(func(o, _ *Object) field.ErrorList { return validateStatus(o) }),
	},

	Default: func(o *Object) {
		if s := o.Spec.Service; s != nil {
			meta.FillPtr(&s.Port, httpsPort)
		}
	},
	ValidateNameOf: func(o *Object) func(string, bool) []string { return nameFor(o.Spec.Version + "." + o.Spec.Group) },
	PrepareCreate: func(o *Object) {
		if o.Spec.Service == nil {
			o.Status.Conditions = []Condition{{Type: Available, Status: "True", Reason: "Local", Message: "Local APIServices are always available", LastTransitionTime: o.CreationTimestamp}}
		}
	},
	Validate: validate,

	Columns: table.Of("Name", "Service", "Available", "Age").Docs(map[string]string{
		"Service":   "The reference to the service that hosts this API endpoint.",
		"Available": "Whether this service is available.",
	}),
	Row: row,
})

// nameFor: a service is called what it answers.
func nameFor(want string) func(string, bool) []string {
	return func(name string, prefix bool) []string {
		if why := meta.PathSegment(name, prefix); len(why) > 0 {
			return why
		}
		if name != want {
			return []string{fmt.Sprintf("must be `spec.version+\".\"+spec.group`: %q", want)}
		}
		return nil
	}
}

func validate(o *Object) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	// Kubernetes' oldest group has no name.
	if s.Group != "" {
		errs = meta.Invalid(p.Child("group"), s.Group, validation.IsDNS1123Subdomain(s.Group))
	} else if s.Version != "v1" {
		errs = append(errs, field.Required(p.Child("group"), "only v1 may have an empty group and it better be legacy kube"))
	}
	errs = append(errs, meta.Invalid(p.Child("version"), s.Version, validation.IsDNS1035Label(s.Version))...)
	errs = append(errs, between(p.Child("groupPriorityMinimum"), s.GroupPriorityMinimum, 20000)...)
	errs = append(errs, between(p.Child("versionPriority"), s.VersionPriority, 1000)...)
	if s.Service == nil {
		if len(s.CABundle) > 0 {
			errs = append(errs, field.Invalid(p.Child("caBundle"), fmt.Sprintf("%d bytes", len(s.CABundle)), "local APIServices may not have a caBundle"))
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
	port := ptr.Deref(s.Service.Port, httpsPort)
	if why := validation.IsValidPortNum(int(port)); len(why) > 0 {
		errs = append(errs, field.Invalid(at.Child("port"), port, "port is not valid: "+strings.Join(why, ", ")))
	}
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
		errs = append(errs, meta.OneOf(field.NewPath("status", "conditions").Index(i).Child("status"), c.Status, "True", "False", "Unknown")...)
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
