package discovery

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"

	"skiff/internal/api"
)

// group is the kinds of an API group, its preferred version first.
type group struct {
	name     string
	versions []*groupVersion
}

type groupVersion struct {
	group, version string
	resources      []*api.Resource // by name
}

// order is the order in which upstream lists its groups: a name that several
// groups have (events) means the first one's.
var order = []string{
	"", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
	"autoscaling", "batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io",
	"storage.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io",
	"coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "flowcontrol.apiserver.k8s.io",
	"internal.apiserver.k8s.io", "resource.k8s.io", "storagemigration.k8s.io",
}

func rank(name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// groupsOf sorts resources into their groups, those that want chooses.
func groupsOf(resources []*api.Resource, want func(string) bool) []*group {
	var groups []*group
	for _, r := range resources {
		if !want(r.Group) {
			continue
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return g.name == r.Group })
		if i < 0 {
			i, groups = len(groups), append(groups, &group{name: r.Group})
		}
		groups[i].add(r)
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(rank(a.name)-rank(b.name), cmp.Compare(a.name, b.name))
	})
	for _, g := range groups {
		slices.SortFunc(g.versions, func(a, b *groupVersion) int {
			return version.CompareKubeAwareVersionStrings(b.version, a.version)
		})
		for _, v := range g.versions {
			slices.SortFunc(v.resources, func(a, b *api.Resource) int { return cmp.Compare(a.Plural, b.Plural) })
		}
	}
	return groups
}

func (g *group) add(r *api.Resource) {
	i := slices.IndexFunc(g.versions, func(v *groupVersion) bool { return v.version == r.Version })
	if i < 0 {
		i, g.versions = len(g.versions), append(g.versions, &groupVersion{group: r.Group, version: r.Version})
	}
	g.versions[i].resources = append(g.versions[i].resources, r)
}

func (v *groupVersion) path() string {
	if v.group == "" {
		return "/api/" + v.version
	}
	return "/apis/" + v.group + "/" + v.version
}

func (v *groupVersion) String() string {
	if v.group == "" {
		return v.version
	}
	return v.group + "/" + v.version
}

func (g *group) apiGroup() metav1.APIGroup {
	out := metav1.APIGroup{Name: g.name}
	for _, v := range g.versions {
		out.Versions = append(out.Versions, metav1.GroupVersionForDiscovery{GroupVersion: v.String(), Version: v.version})
	}
	out.PreferredVersion = out.Versions[0]
	return out
}
