package rbac

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

var bindingColumns = []string{"Users", "Groups", "ServiceAccounts"}

func defaultBinding(ref *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	meta.Fill(&ref.APIGroup, rbacv1.GroupName)
	for i := range subjects {
		if s := &subjects[i]; s.Kind == rbacv1.UserKind || s.Kind == rbacv1.GroupKind {
			meta.Fill(&s.APIGroup, rbacv1.GroupName)
		}
	}
}

// validateBinding: kinds are those of role that the binding may name.
func validateBinding(ref *rbacv1.RoleRef, subjects []rbacv1.Subject, namespaced bool, kinds ...string) field.ErrorList {
	p := field.NewPath("roleRef")
	var errs field.ErrorList
	if ref.APIGroup != rbacv1.GroupName {
		errs = append(errs, field.NotSupported(p.Child("apiGroup"), ref.APIGroup, []string{rbacv1.GroupName}))
	}
	errs = append(errs, meta.OneOf(p.Child("kind"), ref.Kind, kinds...)...)
	errs = append(errs, meta.Optional(p.Child("name"), ref.Name, func(s string) []string { return meta.PathSegment(s, false) })...)
	var unnamed field.ErrorList // which clients see last
	for i := range subjects {
		at := field.NewPath("subjects").Index(i)
		errs = append(errs, validateSubject(&subjects[i], namespaced, at)...)
		unnamed = append(unnamed, meta.Required(at.Child("name"), subjects[i].Name, nil)...)
	}
	errs = append(errs, unnamed...)
	return append(errs, meta.Required(p.Child("name"), ref.Name, nil)...)
}

func validateSubject(s *rbacv1.Subject, namespaced bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	group := rbacv1.GroupName
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		group = ""
		if s.Name != "" {
			errs = append(errs, meta.Name(p.Child("name"), s.Name, meta.Subdomain)...)
		}
		if !namespaced && s.Namespace == "" {
			errs = append(errs, field.Required(p.Child("namespace"), ""))
		}
	case rbacv1.UserKind, rbacv1.GroupKind:
		if s.Name == "" {
			errs = append(errs, field.Invalid(p.Child("name"), s.Name, strings.ToLower(s.Kind)+" name cannot be empty"))
		}
	default:
		return append(errs, field.NotSupported(p.Child("kind"), s.Kind,
			[]string{rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind}))
	}
	if s.APIGroup != group {
		errs = append(errs, field.NotSupported(p.Child("apiGroup"), s.APIGroup, []string{group}))
	}
	return errs
}

func validateRoleRef(ref, old rbacv1.RoleRef) field.ErrorList {
	if ref == old {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("roleRef"), ref, "cannot change roleRef")}
}

// bindingCells are the role and the users, groups and service accounts.
func bindingCells(ref rbacv1.RoleRef, subjects []rbacv1.Subject) (role string, wide []any) {
	var users, groups, accounts []string
	for _, s := range subjects {
		switch s.Kind {
		case rbacv1.UserKind:
			users = append(users, s.Name)
		case rbacv1.GroupKind:
			groups = append(groups, s.Name)
		case rbacv1.ServiceAccountKind:
			accounts = append(accounts, s.Namespace+"/"+s.Name)
		}
	}
	return ref.Kind + "/" + ref.Name, []any{list(users), list(groups), list(accounts)}
}

func list(names []string) string { return strings.Join(names, ", ") }
