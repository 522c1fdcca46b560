package discovery

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

// subresource is one as both forms of discovery show it.
type subresource struct {
	name  string
	kind  schema.GroupVersionKind
	verbs []string
}

// subresourcesOf lists the parts, scale and other subresources of r by name.
func subresourcesOf(r *api.Resource) []subresource {
	var out []subresource
	for _, p := range r.Parts {
		verbs := []string{"get", "patch", "update"}
		if p.NoRead {
			verbs = []string{"update"}
		}
		out = append(out, subresource{p.Name, r.GroupVersionKind, verbs})
	}
	if r.Scale != nil {
		kind := schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"}
		out = append(out, subresource{"scale", kind, []string{"get", "patch", "update"}})
	}
	for _, s := range r.Subresources {
		kind := s.Kind
		if kind.Version == "" {
			kind.Group, kind.Version = r.Group, r.Version
		}
		if kind.Kind == "" {
			kind.Kind = r.Kind
		}
		out = append(out, subresource{s.Name, kind, s.Verbs})
	}
	slices.SortFunc(out, func(a, b subresource) int { return cmp.Compare(a.name, b.name) })
	return out
}

func verbsOf(r *api.Resource) []string {
	verbs := r.Verbs
	if verbs == nil {
		verbs = api.AllVerbs
	}
	return slices.Sorted(slices.Values(verbs))
}

// storageHash tells clients when the stored form of a kind changes.
func storageHash(r *api.Resource) string {
	if r.StoredAs != nil {
		r = r.StoredAs
	}
	if r.Prefix == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(r.Group + "/" + r.Version + "/" + r.Kind))
	return base64.StdEncoding.EncodeToString(sum[:8])
}

// resourceList is the document of a group and version.
func (v *groupVersion) resourceList() *metav1.APIResourceList {
	out := &metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
		GroupVersion: v.String(),
		APIResources: []metav1.APIResource{},
	}
	for _, r := range v.resources {
		out.APIResources = append(out.APIResources, metav1.APIResource{
			Name: r.Plural, SingularName: r.Singular, Namespaced: r.Namespaced, Kind: r.Kind,
			Verbs: verbsOf(r), ShortNames: r.ShortNames, Categories: r.Categories, StorageVersionHash: storageHash(r),
		})
		for _, s := range subresourcesOf(r) {
			a := metav1.APIResource{Name: r.Plural + "/" + s.name, Namespaced: r.Namespaced, Kind: s.kind.Kind, Verbs: s.verbs}
			if s.kind.GroupVersion() != r.GroupVersion() {
				a.Group, a.Version = s.kind.Group, s.kind.Version
			}
			out.APIResources = append(out.APIResources, a)
		}
	}
	return out
}

// aggregate is the document of all groups at once.
func aggregate(groups []*group) *apidiscoveryv2.APIGroupDiscoveryList {
	out := &apidiscoveryv2.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
		Items:    []apidiscoveryv2.APIGroupDiscovery{},
	}
	for _, g := range groups {
		item := apidiscoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: g.name}}
		for _, v := range g.versions {
			item.Versions = append(item.Versions, v.aggregated())
		}
		out.Items = append(out.Items, item)
	}
	return out
}

func (v *groupVersion) aggregated() apidiscoveryv2.APIVersionDiscovery {
	out := apidiscoveryv2.APIVersionDiscovery{Version: v.version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent}
	for _, r := range v.resources {
		scope := apidiscoveryv2.ScopeCluster
		if r.Namespaced {
			scope = apidiscoveryv2.ScopeNamespace
		}
		d := apidiscoveryv2.APIResourceDiscovery{
			Resource: r.Plural, ResponseKind: responseKind(r.GroupVersionKind), Scope: scope, SingularResource: r.Singular,
			Verbs: verbsOf(r), ShortNames: r.ShortNames, Categories: r.Categories,
		}
		for _, s := range subresourcesOf(r) {
			d.Subresources = append(d.Subresources, apidiscoveryv2.APISubresourceDiscovery{
				Subresource: s.name, ResponseKind: responseKind(s.kind), Verbs: s.verbs,
			})
		}
		out.Resources = append(out.Resources, d)
	}
	return out
}

func responseKind(k schema.GroupVersionKind) *metav1.GroupVersionKind {
	return &metav1.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}
