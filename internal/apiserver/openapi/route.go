package openapi

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// version of OpenAPI.
type version int

const (
	v2 version = 2
	v3 version = 3
)

// A route is one path of the API and what can be done there, in terms that
// both versions of OpenAPI can say.
type route struct {
	path       string
	parameters []parameter
	operations []operation
}

type parameter struct {
	name, in, description string
	kind                  string // "string", "integer", "boolean"
	required              bool
}

type operation struct {
	method      string
	id          string
	action      string
	description string
	tag         string
	gvk         schema.GroupVersionKind
	parameters  []parameter
	body        string // the schema's name
	optional    bool   // the body
	consumes    []string
	produces    []string
	answer      string         // the schema's name; "" is a string
	codes       map[int]string // and what they mean
}

var (
	mediaTypes = []string{"application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor"}
	listTypes  = append(mediaTypes[:len(mediaTypes):len(mediaTypes)], "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch", "application/cbor-seq")
	anyType    = []string{"*/*"}
	patchTypes = []string{
		"application/json-patch+json", "application/merge-patch+json",
		"application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/apply-patch+cbor",
	}

	answersOK      = map[int]string{200: "OK"}
	answersWrite   = map[int]string{200: "OK", 201: "Created"}
	answersCreate  = map[int]string{200: "OK", 201: "Created", 202: "Accepted"}
	answersDelete  = map[int]string{200: "OK", 202: "Accepted"}
	pathNamespace  = parameter{name: "namespace", in: "path", kind: "string", required: true, description: "object name and auth scope, such as for teams and projects"}
	pathPath       = parameter{name: "path", in: "path", kind: "string", required: true, description: "path to the resource"}
	queryPretty    = parameter{name: "pretty", in: "query", kind: "string", description: "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser or command-line HTTP tool (curl and wget)."}
	proxyMethods   = []string{"delete", "get", "head", "options", "patch", "post", "put"}
	connectMethods = []string{"get", "post"}
)

// schemasOf are the schemas that the routes speak of.
func schemasOf(routes []route) map[string]bool {
	names := map[string]bool{}
	for _, r := range routes {
		for _, o := range r.operations {
			names[o.body], names[o.answer] = true, true
		}
	}
	delete(names, "")
	return names
}
