package openapi

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

// contents are what one document is about.
type contents struct {
	resources []*api.Resource
	paths     []route // beside those of the resources
}

// documents are the contents of all documents of version 3 by where they
// lie: "apis/apps/v1", and for what is beside the resources "apis/apps",
// "version" and so on.
func documents(resources []*api.Resource) map[string]contents {
	all := map[string]contents{}
	for name, routes := range besideResources() {
		all[name] = contents{paths: routes}
	}
	for _, r := range resources {
		gv := r.GroupVersion()
		name := strings.Trim(basePath(gv), "/")
		c := all[name]
		if c.resources == nil {
			c.paths = []route{{path: "/" + name + "/", operations: []operation{
				discovers("get"+idOf(gv)+"APIResources", "get available resources", tagOf(gv), "APIResourceList", mediaTypes),
			}}}
		}
		c.resources = append(c.resources, r)
		all[name] = c
		if gv.Group != "" {
			all["apis/"+gv.Group] = contents{paths: []route{groupRoute(gv)}}
		}
	}
	return all
}

// everything is what the one document of version 2 is about.
func everything(resources []*api.Resource) contents {
	all := contents{resources: resources}
	of := documents(resources)
	for _, name := range slices.Sorted(maps.Keys(of)) { // in one order: its fingerprint goes by it
		all.paths = append(all.paths, of[name].paths...)
	}
	return all
}

// discoveryTypes are how groups and versions can be had.
var discoveryTypes = []string{"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"}

func discovers(id, description, tag, model string, types []string) operation {
	return operation{
		method: "get", id: id, description: description, tag: tag, answer: metaV1 + model,
		consumes: types, produces: types, codes: answersOK,
	}
}

func groupRoute(gv schema.GroupVersion) route {
	id := groupID(gv)
	tag, _, _ := strings.Cut(tagOf(gv), "_")
	return route{path: "/apis/" + gv.Group + "/", operations: []operation{
		discovers("get"+id+"APIGroup", "get information of a group", tag, "APIGroup", discoveryTypes),
	}}
}

// besideResources are the documented paths that no resource has.
func besideResources() map[string][]route {
	one := func(path string, o operation) []route {
		o.method = "get"
		return []route{{path: path, operations: []operation{o}}}
	}
	info := operation{
		id: "getCodeVersion", description: "get the version information for this server", tag: "version",
		answer: "io.k8s.apimachinery.pkg.version.Info", codes: answersOK,
		consumes: []string{"application/json"}, produces: []string{"application/json"},
	}
	keys := operation{
		id: "getServiceAccountIssuerOpenIDKeyset", tag: "openid", codes: answersOK, produces: []string{"application/jwk-set+json"},
		description: "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)",
	}
	issuer := operation{
		id: "getServiceAccountIssuerOpenIDConfiguration", tag: "WellKnown", codes: answersOK, produces: []string{"application/json"},
		description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
	}
	listed, shown := one("/logs/", operation{id: "logFileListHandler", tag: "logs"}), one("/logs/{logpath}", operation{id: "logFileHandler", tag: "logs"})
	shown[0].parameters = []parameter{{name: "logpath", in: "path", description: "path to the log", kind: "string", required: true}}
	return map[string][]route{
		"logs":                             append(listed, shown...),
		"api":                              one("/api/", discovers("getCoreAPIVersions", "get available API versions", "core", "APIVersions", discoveryTypes)),
		"apis":                             one("/apis/", discovers("getAPIVersions", "get available API versions", "apis", "APIGroupList", discoveryTypes)),
		"version":                          one("/version/", info),
		"openid/v1/jwks":                   one("/openid/v1/jwks/", keys),
		".well-known/openid-configuration": one("/.well-known/openid-configuration/", issuer),
	}
}
