package apiextensions

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateNew judges a definition that is new; validateUpdate sees to others.
func validateNew(o *Object) field.ErrorList {
	if o.ResourceVersion != "" {
		return nil
	}
	return validate(o, nil)
}

// validate judges a whole definition. What stood in old, which may be nil, was
// judged by the rules of its time.
func validate(o, old *Object) field.ErrorList {
	var errs field.ErrorList
	if o.Name != o.Spec.Names.Plural+"."+o.Spec.Group {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), o.Name, `must be spec.names.plural+"."+spec.group`))
	}
	before := &Spec{}
	if old != nil {
		before = &old.Spec
	}
	errs = append(errs, validateSpec(&o.Spec, before, field.NewPath("spec"))...)
	errs = append(errs, validateNames(&o.Status.AcceptedNames, field.NewPath("status", "acceptedNames"))...)
	errs = append(errs, validateStoredVersions(o.Status.StoredVersions, o.Spec.Versions, field.NewPath("status", "storedVersions"))...)
	errs = append(errs, validateApproval(o, old)...)
	if o.Spec.PreserveUnknownFields && !before.PreserveUnknownFields {
		errs = append(errs, field.Invalid(field.NewPath("spec", "preserveUnknownFields"), true,
			"cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"))
	}
	return errs
}

// validateUpdate judges what changed: the name of the kind never does, nor
// does its scope once it is served.
func validateUpdate(o, old *Object) field.ErrorList {
	p := field.NewPath("spec")
	errs := validate(o, old)
	if established(old) {
		errs = append(errs, meta.Immutable(p.Child("scope"), o.Spec.Scope, old.Spec.Scope)...)
		errs = append(errs, meta.Immutable(p.Child("names", "kind"), o.Spec.Names.Kind, old.Spec.Names.Kind)...)
		errs = append(errs, validateNewCABundle(o, old, p)...)
	}
	errs = append(errs, meta.Immutable(p.Child("group"), o.Spec.Group, old.Spec.Group)...)
	return append(errs, meta.Immutable(p.Child("names", "plural"), o.Spec.Names.Plural, old.Spec.Names.Plural)...)
}

func validateStatus(o, _ *Object) field.ErrorList {
	return validateNames(&o.Status.AcceptedNames, field.NewPath("status", "acceptedNames"))
}

func validateSpec(s, old *Spec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	group := p.Child("group")
	switch bad := validation.IsDNS1123Subdomain(s.Group); {
	case s.Group == "":
		errs = append(errs, field.Required(group, ""))
	case len(bad) > 0:
		errs = append(errs, field.Invalid(group, s.Group, strings.Join(bad, ",")))
	case !strings.Contains(s.Group, "."):
		errs = append(errs, field.Invalid(group, s.Group, "should be a domain with at least one dot"))
	}
	errs = append(errs, meta.Enum(p.Child("scope"), s.Scope, ClusterScoped, NamespaceScoped)...)
	errs = append(errs, validateVersions(s, old, p)...)
	for _, name := range []struct{ field, value string }{
		{"plural", s.Names.Plural}, {"singular", s.Names.Singular}, {"kind", s.Names.Kind}, {"listKind", s.Names.ListKind},
	} {
		errs = append(errs, meta.Required(p.Child("names", name.field), name.value, nil)...)
	}
	errs = append(errs, validateNames(&s.Names, p.Child("names"))...)
	if c := s.Conversion; c != nil && c.Strategy != NoneConverter && s.PreserveUnknownFields {
		errs = append(errs, field.Invalid(p.Child("conversion", "strategy"), c.Strategy, "must be None if spec.preserveUnknownFields is true"))
	}
	return append(errs, validateConversion(s.Conversion, p.Child("conversion"))...)
}

func validateVersions(s, old *Spec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	stored, seen, twice := 0, map[string]bool{}, false
	for i := range s.Versions {
		v, vp := &s.Versions[i], p.Child("versions").Index(i)
		if v.Storage {
			stored++
		}
		twice = twice || seen[v.Name]
		seen[v.Name] = true
		errs = append(errs, label(vp.Child("name"), v.Name, "")...)
		if !judged(v, old) {
			errs = append(errs, validateSchema(v, vp.Child("schema", "openAPIV3Schema"))...)
		}
		errs = append(errs, validateVersion(v, vp)...)
	}
	if s.PreserveUnknownFields && slices.ContainsFunc(s.Versions, func(v Version) bool { return v.Schema != nil && hasDefaults(v.Schema.OpenAPIV3Schema) }) {
		errs = append(errs, field.Invalid(p.Child("preserveUnknownFields"), true, "must be false in order to use defaults in the schema"))
	}
	if twice {
		errs = append(errs, field.Invalid(p.Child("versions"), seenNames(s.Versions), "must contain unique version names"))
	}
	if stored != 1 {
		errs = append(errs, field.Invalid(p.Child("versions"), seenNames(s.Versions), "must have exactly one version marked as storage version"))
	}
	return errs
}

func seenNames(versions []Version) []string {
	names := []string{}
	for _, v := range versions {
		names = append(names, v.Name)
	}
	return names
}

// label wants a name as DNS has it, when there is one to want.
func label(p *field.Path, value, before string) field.ErrorList {
	if bad := validation.IsDNS1035Label(strings.ToLower(value)); before != "" && len(bad) > 0 {
		return field.ErrorList{field.Invalid(p, value, before+strings.Join(bad, ","))}
	}
	if bad := validation.IsDNS1035Label(value); before == "" && len(bad) > 0 {
		return field.ErrorList{field.Invalid(p, value, strings.Join(bad, ","))}
	}
	return nil
}

func validateNames(n *Names, p *field.Path) field.ErrorList {
	const mixed = "may have mixed case, but should otherwise match: "
	var errs field.ErrorList
	for _, one := range []struct{ field, value, before string }{
		{"plural", n.Plural, ""}, {"singular", n.Singular, ""}, {"kind", n.Kind, mixed}, {"listKind", n.ListKind, mixed},
	} {
		if one.value != "" {
			errs = append(errs, label(p.Child(one.field), one.value, one.before)...)
		}
	}
	for i, s := range n.ShortNames {
		errs = append(errs, label(p.Child("shortNames").Index(i), s, "")...)
	}
	if n.Kind != "" && n.Kind == n.ListKind {
		errs = append(errs, field.Invalid(p.Child("listKind"), n.ListKind, "kind and listKind may not be the same"))
	}
	for i, c := range n.Categories {
		errs = append(errs, label(p.Child("categories").Index(i), c, "")...)
	}
	return errs
}

func validateStoredVersions(stored []string, versions []Version, p *field.Path) field.ErrorList {
	if len(stored) == 0 {
		return field.ErrorList{field.Invalid(p, stored, "must have at least one stored version")}
	}
	var errs field.ErrorList
	missing := map[string]bool{}
	for _, name := range stored {
		missing[name] = true
	}
	for _, v := range versions {
		if v.Storage && !missing[v.Name] {
			errs = append(errs, field.Invalid(p, stored, "must have the storage version "+v.Name))
		}
		delete(missing, v.Name)
	}
	for i, name := range stored {
		if missing[name] {
			errs = append(errs, field.Invalid(p.Index(i), name, fmt.Sprintf("missing from spec.versions; %[1]s was previously a storage version, "+
				"and must remain in spec.versions until a storage migration ensures no data remains persisted in %[1]s and removes %[1]s from status.storedVersions", name)))
		}
	}
	return errs
}

// approval is the annotation that groups of the community need.
const approval = "api-approved.kubernetes.io"

// validateApproval wants definitions in groups of the community to say where
// they were approved. What did not say so before may go on.
func validateApproval(o, old *Object) field.ErrorList {
	g := "." + o.Spec.Group
	if !strings.HasSuffix(g, ".k8s.io") && !strings.HasSuffix(g, ".kubernetes.io") {
		return nil
	}
	const see = "see https://github.com/kubernetes/enhancements/pull/1111"
	state := approved(o)
	if old != nil && approved(old) == state {
		return nil
	}
	p := field.NewPath("metadata", "annotations").Key(approval)
	switch state {
	case "missing":
		return field.ErrorList{field.Required(p, fmt.Sprintf("protected groups must have approval annotation %q, %s", approval, see))}
	case "invalid":
		return field.ErrorList{field.Invalid(p, o.Annotations[approval], fmt.Sprintf(
			"protected groups must have approval annotation %q with either a URL or a reason starting with \"unapproved\", %s", approval, see))}
	}
	return nil
}

func approved(o *Object) string {
	text := o.Annotations[approval]
	u, err := url.ParseRequestURI(text)
	switch {
	case text == "":
		return "missing"
	case strings.HasPrefix(text, "unapproved"):
		return "bypassed"
	case err == nil && u.Host != "" && u.Scheme != "":
		return "approved"
	}
	return "invalid"
}

func validateDeprecation(v *Version, p *field.Path) field.ErrorList {
	w := v.DeprecationWarning
	if w == nil {
		return nil
	}
	var errs field.ErrorList
	refuse := func(text string) { errs = append(errs, field.Invalid(p, *w, text)) }
	if !v.Deprecated {
		refuse("can only be set for deprecated versions")
		return errs
	}
	if len(*w) > 256 {
		refuse("must be <= 256 characters long")
	}
	if *w == "" {
		refuse("must not be an empty string")
	}
	for i, r := range *w {
		if !unicode.IsPrint(r) {
			refuse(fmt.Sprintf("must only contain printable UTF-8 characters; non-printable character found at index %d", i))
			break
		}
	}
	if !utf8.ValidString(*w) {
		refuse("must only contain printable UTF-8 characters")
	}
	return errs
}

// judged says whether a version's schema is as it was before, if it was there.
func judged(v *Version, old *Spec) bool {
	return slices.ContainsFunc(old.Versions, func(was Version) bool {
		return was.Name == v.Name && equality.Semantic.DeepEqual(v.Schema, was.Schema)
	})
}
