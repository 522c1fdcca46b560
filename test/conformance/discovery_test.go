package conformance

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	discoveryv2 "k8s.io/api/apidiscovery/v2"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"skiff/internal/api/catalogue"
)

func TestDiscovery(t *testing.T) {
	a := start(t)
	promise(t, "[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface", func(t *testing.T) {
		_, resources, failed, err := a.kube.Discovery().(discovery.AggregatedDiscoveryInterface).GroupsAndMaybeResources()
		if err != nil || len(failed) != 0 {
			t.Fatal(failed, err)
		}
		for _, r := range catalogue.All() {
			found := false
			if list := resources[r.GroupVersion()]; list != nil {
				for _, one := range list.APIResources {
					found = found || one.Name == r.Plural && one.Kind == r.Kind && one.Namespaced == r.Namespaced
				}
			}
			if !found {
				t.Errorf("no %s", r.GroupVersionResource())
			}
		}
	})
	promise(t, "[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers", func(t *testing.T) {
		const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
		for path, group := range map[string]string{"/api": "", "/apis": "apps"} {
			response := a.do(t, http.MethodGet, path, nil, "Accept", accept)
			defer response.Body.Close()
			var list discoveryv2.APIGroupDiscoveryList
			need(t, json.NewDecoder(response.Body).Decode(&list))
			if got := response.Header.Get("Content-Type"); got != accept || list.Kind != "APIGroupDiscoveryList" {
				t.Errorf("%s is %q, a %s", path, got, list.Kind)
			}
			found := false
			for _, item := range list.Items {
				found = found || item.Name == group && len(item.Versions) > 0 && len(item.Versions[0].Resources) > 0
			}
			if !found {
				t.Errorf("%s has no group %q", path, group)
			}
		}
	})
	promise(t, "[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup", func(t *testing.T) {
		groups, err := a.kube.Discovery().ServerGroups()
		need(t, err)
		for _, g := range groups.Groups {
			for _, v := range g.Versions {
				list, err := a.kube.Discovery().ServerResourcesForGroupVersion(v.GroupVersion)
				if err != nil || list.GroupVersion != v.GroupVersion || len(list.APIResources) == 0 || list.APIResources[0].Name == "" {
					t.Errorf("%s: %v, %v", v.GroupVersion, list, err)
				}
			}
		}
	})
	promise(t, "[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup", func(t *testing.T) {
		groups, err := a.kube.Discovery().ServerGroups()
		need(t, err)
		for _, g := range groups.Groups {
			found := false
			for _, v := range g.Versions {
				found = found || v == g.PreferredVersion
			}
			gv, err := schema.ParseGroupVersion(g.PreferredVersion.GroupVersion)
			if err != nil || !found || gv.Group != g.Name {
				t.Errorf("group %q prefers %v of %v", g.Name, g.PreferredVersion, g.Versions)
			}
		}
	})
	promise(t, "[sig-api-machinery] server version should find the server version", func(t *testing.T) {
		v, err := a.kube.Discovery().ServerVersion()
		need(t, err)
		for _, number := range []string{v.Major, v.Minor} {
			if _, err := strconv.Atoi(number); err != nil {
				t.Errorf("%+v: %v", v, err)
			}
		}
	})
	promise(t, "[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata", func(t *testing.T) {
		code, text := a.call(t, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
			[]byte(`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}`),
			"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
		if code != http.StatusNotAcceptable || !strings.Contains(text, `"reason":"NotAcceptable"`) {
			t.Errorf("%d %s", code, text)
		}
	})
}
