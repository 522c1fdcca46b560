// Package apiextensions says what the kind of apiextensions.k8s.io/v1 means.
// Its Go types and its rules are those that Kubernetes publishes; the objects
// that a definition defines are not served yet.
package apiextensions

import (
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// GroupVersion of the kind.
var GroupVersion = apiextensionsv1.SchemeGroupVersion

// AddToScheme makes the types known under their kinds.
var AddToScheme = apiextensionsv1.AddToScheme

// cleanup is the finalizer that holds a definition until its objects are gone.
const cleanup = "customresourcecleanup.apiextensions.k8s.io"

// CustomResourceDefinition is a kind that users add. It is stored and judged;
// serving its objects is to follow the catalogue's built-in kinds.
var CustomResourceDefinition = api.Define(api.Kind[*apiextensionsv1.CustomResourceDefinition]{
	GVK: GroupVersion.WithKind("CustomResourceDefinition"), Plural: "customresourcedefinitions", Prefix: "apiextensions.k8s.io/customresourcedefinitions",
	ShortNames: []string{"crd", "crds"}, Categories: []string{"api-extensions"},
	New: api.New[apiextensionsv1.CustomResourceDefinition], NewList: api.NewList[apiextensionsv1.CustomResourceDefinitionList],
	Parts:                  []api.PartOf[*apiextensionsv1.CustomResourceDefinition]{status},
	RequireResourceVersion: true,

	Default: apiextensionsv1.SetObjectDefaults_CustomResourceDefinition,
	PrepareCreate: func(o *apiextensionsv1.CustomResourceDefinition) {
		o.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{notServed(o.CreationTimestamp)}
		noteStorage(o)
	},
	PrepareUpdate: func(o, _ *apiextensionsv1.CustomResourceDefinition) { noteStorage(o) },

	ValidateName:   anyName,
	ValidateNew:    validateNew,
	ValidateUpdate: validateUpdate,
	Warnings:       warnings,
	UpdateWarnings: updateWarnings,
	Spec:           func(o *apiextensionsv1.CustomResourceDefinition) any { return &o.Spec },
	Deleting: func(o *apiextensionsv1.CustomResourceDefinition) bool {
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

// status is written along with the metadata that holds the definition: the
// controllers that take care of its objects write both at once.
var status = metadataToo(api.Status(func(dst, src *apiextensionsv1.CustomResourceDefinition) { dst.Status = src.Status }).Validated(validateStatus))

func metadataToo(p api.PartOf[*apiextensionsv1.CustomResourceDefinition]) api.PartOf[*apiextensionsv1.CustomResourceDefinition] {
	rest := p.Copy
	p.Copy = func(dst, src *apiextensionsv1.CustomResourceDefinition) {
		dst.Finalizers, dst.OwnerReferences = src.Finalizers, src.OwnerReferences
		rest(dst, src)
	}
	return p
}

// noteStorage notes that there may be objects in the version that is stored.
func noteStorage(o *apiextensionsv1.CustomResourceDefinition) {
	i := slices.IndexFunc(o.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	if i >= 0 && !slices.Contains(o.Status.StoredVersions, o.Spec.Versions[i].Name) {
		o.Status.StoredVersions = append(slices.Clone(o.Status.StoredVersions), o.Spec.Versions[i].Name)
	}
}

// notServed tells clients that wait for the kind why it does not come.
func notServed(since metav1.Time) apiextensionsv1.CustomResourceDefinitionCondition {
	return apiextensionsv1.CustomResourceDefinitionCondition{
		Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionFalse, LastTransitionTime: since,
		Reason: "NotServed", Message: "this API server stores the definition and does not serve custom resources yet",
	}
}

func established(o *apiextensionsv1.CustomResourceDefinition) bool {
	return slices.ContainsFunc(o.Status.Conditions, func(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
		return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
	})
}

func row(o *apiextensionsv1.CustomResourceDefinition) []any {
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
		o.Name, string(o.Spec.Scope), strings.Join(versions, ","), o.CreationTimestamp.UTC().Format(time.RFC3339),
		o.Spec.Group, names.Kind, strings.Join(names.ShortNames, ","), established(o),
	}
}
