// Package apiextensions says what the kind of apiextensions.k8s.io/v1 means,
// and holds its Go types. It judges definitions; the objects that they define
// are not served yet, and CEL expressions are kept as they are.
package apiextensions

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// cleanup is the finalizer that holds a definition until its objects are gone.
const cleanup = "customresourcecleanup.apiextensions.k8s.io"

// CustomResourceDefinition is a kind that users add. It is stored and judged;
// serving its objects is to follow the catalogue's built-in kinds.
var CustomResourceDefinition = api.Define(api.Kind[*Object]{
	GVK: GroupVersion.WithKind("CustomResourceDefinition"), Plural: "customresourcedefinitions", Prefix: "apiextensions.k8s.io/customresourcedefinitions",
	ShortNames: []string{"crd", "crds"}, Categories: []string{"api-extensions"},
	New: api.New[Object], NewList: api.NewList[List],
	Parts: []api.PartOf[*Object]{
		api.Status(func(dst, src *Object) { dst.Status = src.Status }).Validated(validateStatus),
	},
	RequireResourceVersion: true,

	Default: setDefaults,
	PrepareCreate: func(o *Object) {
		o.Status.Conditions = []Condition{notServed(o.CreationTimestamp)}
		noteStorage(o)
	},
	PrepareUpdate:  func(o, _ *Object) { noteStorage(o) },
	Validate:       validateNew,
	ValidateUpdate: validateUpdate,
	Warnings:       warnings,
	Spec:           func(o *Object) any { return o.Spec },
	Deleting: func(o *Object) bool {
		// There is no object of the kind that would have to go first.
		o.Finalizers = slices.DeleteFunc(o.Finalizers, func(f string) bool { return f == cleanup })
		return true
	},

	Columns: table.Of("Name", "Scope", "Versions", "Created At").Dates("Created At").
		Wide("Group", "Kind", "ShortNames", "Established").Booleans("Established").
		Docs(map[string]string{
			"Scope": "Cluster/Namespaced", "Versions": "Served versions", "Group": "API group", "Kind": "CustomResource kind",
			"ShortNames": "Short names", "Established": "Established status",
		}),
	Row: row,
})

func setDefaults(o *Object) {
	s := &o.Spec
	meta.Fill(&s.Names.Singular, strings.ToLower(s.Names.Kind))
	if s.Names.Kind != "" {
		meta.Fill(&s.Names.ListKind, s.Names.Kind+"List")
	}
	if s.Conversion == nil {
		s.Conversion = &Conversion{Strategy: NoneConverter}
	}
	if w := s.Conversion.Webhook; w != nil && w.ClientConfig != nil && w.ClientConfig.Service != nil {
		meta.FillPtr(&w.ClientConfig.Service.Port, 443)
	}
	if len(o.Status.StoredVersions) == 0 {
		noteStorage(o)
	}
}

// noteStorage notes that there may be objects in the version that is stored.
func noteStorage(o *Object) {
	i := slices.IndexFunc(o.Spec.Versions, func(v Version) bool { return v.Storage })
	if i >= 0 && !slices.Contains(o.Status.StoredVersions, o.Spec.Versions[i].Name) {
		o.Status.StoredVersions = append(slices.Clone(o.Status.StoredVersions), o.Spec.Versions[i].Name)
	}
}

// notServed tells clients that wait for the kind why it does not come.
func notServed(since metav1.Time) Condition {
	return Condition{
		Type: Established, Status: "False", LastTransitionTime: since,
		Reason: "NotServed", Message: "this API server stores the definition and does not serve custom resources yet",
	}
}

func established(o *Object) bool {
	return slices.ContainsFunc(o.Status.Conditions, func(c Condition) bool { return c.Type == Established && c.Status == "True" })
}

func row(o *Object) []any {
	var versions []string
	for _, v := range o.Spec.Versions {
		switch {
		case v.Served && v.Storage:
			versions = append(versions, v.Name+"(storage)")
		case v.Served:
			versions = append(versions, v.Name)
		}
	}
	slices.Sort(versions)
	names := &o.Spec.Names
	return []any{
		o.Name, o.Spec.Scope, strings.Join(versions, ","), o.CreationTimestamp.UTC().Format(time.RFC3339),
		o.Spec.Group, names.Kind, strings.Join(names.ShortNames, ","), established(o),
	}
}
