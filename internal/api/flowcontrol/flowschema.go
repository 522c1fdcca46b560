package flowcontrol

import (
	"fmt"
	"slices"
	"strings"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// FlowSchema sorts requests into priority levels.
var FlowSchema = api.Define(api.Kind[*flowcontrolv1.FlowSchema]{
	GVK: gv.WithKind("FlowSchema"), Plural: "flowschemas", Prefix: "flowschemas",
	New: api.New[flowcontrolv1.FlowSchema], NewList: api.NewList[flowcontrolv1.FlowSchemaList],
	Spec: func(o *flowcontrolv1.FlowSchema) any { return &o.Spec },

	Default: func(o *flowcontrolv1.FlowSchema) {
		meta.Fill(&o.Spec.MatchingPrecedence, matchingPrecedence)
	},
	Validate: validateSchema,
	Parts: []api.PartOf[*flowcontrolv1.FlowSchema]{
		api.StatusOnly(func(dst, src *flowcontrolv1.FlowSchema) { dst.Status = src.Status }).
			Validated(func(o, _ *flowcontrolv1.FlowSchema) field.ErrorList { return validateConditions(schemaConditions(o)) }),
	},

	// Numbers are typed as strings, as clients know these columns.
	Columns: table.Of("Name", "PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL").Docs(map[string]string{
		"PriorityLevel":       flowcontrolv1.PriorityLevelConfigurationReference{}.SwaggerDoc()["name"],
		"MatchingPrecedence":  flowcontrolv1.FlowSchemaSpec{}.SwaggerDoc()["matchingPrecedence"],
		"DistinguisherMethod": flowcontrolv1.FlowSchemaSpec{}.SwaggerDoc()["distinguisherMethod"],
		"MissingPL":           "references a broken or non-existent PriorityLevelConfiguration",
	}),
	Row: schemaRow,
})

const (
	exemptPrecedence   = 1
	matchingPrecedence = 1000
	maxPrecedence      = 10000
)

func schemaConditions(o *flowcontrolv1.FlowSchema) (types []string) {
	for _, c := range o.Status.Conditions {
		types = append(types, string(c.Type))
	}
	return types
}

// validateConditions judges the types of the conditions of a status.
func validateConditions(types []string) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[string]{}
	for i, t := range types {
		p := field.NewPath("status", "conditions").Index(i).Child("type")
		errs = append(errs, seen.Check(p, t)...)
		if t == "" {
			errs = append(errs, field.Required(p, "must not be empty"))
		}
	}
	return errs
}

func validateSchema(o *flowcontrolv1.FlowSchema) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := validatePrecedence(o.Name, s.MatchingPrecedence, p.Child("matchingPrecedence"))
	methods := []flowcontrolv1.FlowDistinguisherMethodType{flowcontrolv1.FlowDistinguisherMethodByNamespaceType, flowcontrolv1.FlowDistinguisherMethodByUserType}
	if d := s.DistinguisherMethod; d != nil && !slices.Contains(methods, d.Type) {
		errs = append(errs, field.NotSupported(p.Child("distinguisherMethod", "type"), d, methods))
	}
	switch lp, level := p.Child("priorityLevelConfiguration", "name"), s.PriorityLevelConfiguration.Name; level {
	case "":
		errs = append(errs, field.Required(lp, "must reference a priority level"))
	default:
		errs = append(errs, meta.Invalid(lp, level, meta.Subdomain(level, false))...)
	}
	for i := range s.Rules {
		errs = append(errs, validateRule(&s.Rules[i], p.Child("rules").Index(i))...)
	}
	errs = append(errs, validateFixedSchema(o.Name, s, p)...)
	return append(errs, validateConditions(schemaConditions(o))...)
}

func validatePrecedence(name string, n int32, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if n <= 0 {
		errs = append(errs, field.Invalid(p, n, "must be a positive value"))
	}
	if n > maxPrecedence {
		errs = append(errs, field.Invalid(p, n, fmt.Sprintf("must not be greater than %d", maxPrecedence)))
	}
	if n == exemptPrecedence && name != flowcontrolv1.FlowSchemaNameExempt {
		errs = append(errs, field.Invalid(p, n, "only the schema named 'exempt' may have matchingPrecedence 1"))
	}
	return errs
}

// validateFixedSchema keeps the schemas that must be as they are.
func validateFixedSchema(name string, s *flowcontrolv1.FlowSchemaSpec, p *field.Path) field.ErrorList {
	switch name {
	case flowcontrolv1.FlowSchemaNameExempt:
		return validateFixed(name, p, *s, ExemptSchema)
	case flowcontrolv1.FlowSchemaNameCatchAll:
		return validateFixed(name, p, *s, CatchAllSchema)
	}
	return nil
}

func validateRule(r *flowcontrolv1.PolicyRulesWithSubjects, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(r.Subjects) == 0 {
		errs = append(errs, field.Required(p.Child("subjects"), "subjects must contain at least one value"))
	}
	for i := range r.Subjects {
		errs = append(errs, validateSubject(&r.Subjects[i], p.Child("subjects").Index(i))...)
	}
	if len(r.ResourceRules)+len(r.NonResourceRules) == 0 {
		errs = append(errs, field.Required(p, "at least one of resourceRules and nonResourceRules has to be non-empty"))
	}
	for i := range r.ResourceRules {
		errs = append(errs, validateResourceRule(&r.ResourceRules[i], p.Child("resourceRules").Index(i))...)
	}
	for i := range r.NonResourceRules {
		errs = append(errs, validatePathRule(&r.NonResourceRules[i], p.Child("nonResourceRules").Index(i))...)
	}
	return errs
}

func validateSubject(s *flowcontrolv1.Subject, p *field.Path) field.ErrorList {
	given := map[flowcontrolv1.SubjectKind]bool{
		flowcontrolv1.SubjectKindServiceAccount: s.ServiceAccount != nil, flowcontrolv1.SubjectKindUser: s.User != nil, flowcontrolv1.SubjectKindGroup: s.Group != nil,
	}
	if _, known := given[s.Kind]; !known {
		return field.ErrorList{field.NotSupported(p.Child("kind"), s.Kind, []flowcontrolv1.SubjectKind{
			flowcontrolv1.SubjectKindGroup, flowcontrolv1.SubjectKindServiceAccount, flowcontrolv1.SubjectKindUser})}
	}
	fields := map[flowcontrolv1.SubjectKind]string{
		flowcontrolv1.SubjectKindServiceAccount: "serviceAccount", flowcontrolv1.SubjectKindUser: "user", flowcontrolv1.SubjectKindGroup: "group",
	}
	var errs field.ErrorList
	own := fields[s.Kind]
	switch {
	case !given[s.Kind]:
		errs = append(errs, field.Required(p.Child(own), fmt.Sprintf("%s is required when subject kind is '%s'", own, s.Kind)))
	case s.Kind == flowcontrolv1.SubjectKindServiceAccount:
		errs = append(errs, validateAccount(s.ServiceAccount, p.Child(own))...)
	case s.Kind == flowcontrolv1.SubjectKindUser:
		errs = append(errs, meta.Required(p.Child(own, "name"), s.User.Name, nil)...)
	default:
		errs = append(errs, meta.Required(p.Child(own, "name"), s.Group.Name, nil)...)
	}
	for _, kind := range []flowcontrolv1.SubjectKind{flowcontrolv1.SubjectKindServiceAccount, flowcontrolv1.SubjectKindUser, flowcontrolv1.SubjectKindGroup} {
		if kind != s.Kind && given[kind] {
			errs = append(errs, field.Forbidden(p.Child(fields[kind]), fmt.Sprintf("%s is forbidden when subject kind is not '%s'", fields[kind], kind)))
		}
	}
	return errs
}

func validateAccount(a *flowcontrolv1.ServiceAccountSubject, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.Name != flowcontrolv1.NameAll {
		errs = meta.Name(p.Child("name"), a.Name, meta.Subdomain)
	}
	if a.Namespace == "" {
		return append(errs, field.Required(p.Child("namespace"), "must specify namespace for service account"))
	}
	return append(errs, meta.Invalid(p.Child("namespace"), a.Namespace, meta.Label(a.Namespace, false))...)
}

var verbs = []string{"create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"}

func validateVerbs(list []string, p *field.Path) field.ErrorList {
	unknown := func(v string) bool { return !slices.Contains(verbs, v) }
	switch {
	case len(list) == 0:
		return field.ErrorList{field.Required(p, "verbs must contain at least one value")}
	case slices.Contains(list, "*"):
		return alone(list, p, "verbs")
	case slices.ContainsFunc(list, unknown):
		return field.ErrorList{field.NotSupported(p, list, verbs)}
	}
	return nil
}

// alone wants "*", where it is in a list, to be all there is.
func alone(list []string, p *field.Path, what string) field.ErrorList {
	if len(list) > 1 && slices.Contains(list, "*") {
		return field.ErrorList{field.Invalid(p, list, "if '*' is present, must not specify other "+what)}
	}
	return nil
}

func validateResourceRule(r *flowcontrolv1.ResourcePolicyRule, p *field.Path) field.ErrorList {
	errs := validateVerbs(r.Verbs, p.Child("verbs"))
	for _, f := range []struct {
		name, one, others string
		list              []string
	}{
		{"apiGroups", "api group", "api groups", r.APIGroups},
		{"resources", "resource", "resources", r.Resources},
	} {
		if len(f.list) == 0 {
			errs = append(errs, field.Required(p.Child(f.name), "resource rules must supply at least one "+f.one))
		}
		errs = append(errs, alone(f.list, p.Child(f.name), f.others)...)
	}
	np := p.Child("namespaces")
	switch {
	case len(r.Namespaces) == 0 && !r.ClusterScope:
		errs = append(errs, field.Required(np, "resource rules that are not cluster scoped must supply at least one namespace"))
	case slices.Contains(r.Namespaces, flowcontrolv1.NamespaceEvery):
		errs = append(errs, alone(r.Namespaces, np, "namespaces")...)
	default:
		for i, ns := range r.Namespaces {
			for _, why := range meta.Label(ns, false) {
				errs = append(errs, field.Invalid(np.Index(i), ns, "each member of this list must be '*' or a DNS-1123 label; "+why))
			}
		}
	}
	return errs
}

func validatePathRule(r *flowcontrolv1.NonResourcePolicyRule, p *field.Path) field.ErrorList {
	errs, up := validateVerbs(r.Verbs, p.Child("verbs")), p.Child("nonResourceURLs")
	switch {
	case len(r.NonResourceURLs) == 0:
		return append(errs, field.Required(up, "nonResourceURLs must contain at least one value"))
	case slices.Contains(r.NonResourceURLs, "*"):
		return append(errs, alone(r.NonResourceURLs, up, "non-resource URLs")...)
	}
	for i, u := range r.NonResourceURLs {
		if why := badPath(u); why != "" {
			errs = append(errs, field.Invalid(up.Index(i), u, why))
		}
	}
	return errs
}

// badPath says what is wrong with the path of a URL, which may end in "/*".
func badPath(path string) string {
	stars := strings.Count(path, "*")
	switch {
	case path == "":
		return "must not be empty"
	case path == "/":
		return ""
	case !strings.HasPrefix(path, "/"):
		return "must start with slash"
	case strings.Contains(path, " "):
		return "must not contain white-space"
	case strings.Contains(path, "//"):
		return "must not contain double slash"
	case stars > 1 || stars == 1 && !strings.HasSuffix(path, "/*"):
		return "wildcard can only do suffix matching"
	}
	return ""
}

func schemaRow(o *flowcontrolv1.FlowSchema) []any {
	method, missing := table.None, "?"
	if m := o.Spec.DistinguisherMethod; m != nil {
		method = string(m.Type)
	}
	for _, c := range o.Status.Conditions {
		if c.Type == flowcontrolv1.FlowSchemaConditionDangling {
			missing = string(c.Status)
		}
	}
	return []any{
		o.Name, o.Spec.PriorityLevelConfiguration.Name, int64(o.Spec.MatchingPrecedence), method, table.Age(o.CreationTimestamp), missing,
	}
}
