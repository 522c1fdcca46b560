package openapi

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/api/catalogue"
)

// builder makes the routes of resources.
type builder struct {
	schemas schemas
	options map[string][]parameter // by name of the options type
	err     error
}

// resource is one resource while its routes are made.
type resource struct {
	*api.Resource
	*builder
	model, list string // names of the schemas
	base        string // "/apis/apps/v1/"
	group       string // "AppsV1", of operation ids
	tag         string // "apps_v1"
}

// routes are all paths of a resource; none when it has no schema here.
func (b *builder) routes(r *api.Resource) []route {
	x := resource{Resource: r, builder: b, model: modelOf(r.New()), base: basePath(r.GroupVersion()), group: idOf(r.GroupVersion()), tag: tagOf(r.GroupVersion())}
	if r.NewList != nil {
		x.list = modelOf(r.NewList())
	}
	if x.model == "" {
		return nil
	}
	routes := []route{x.collection(), x.single()}
	if r.Namespaced {
		routes = append(routes, x.everywhere())
	}
	routes = append(routes, x.watches()...)
	for _, p := range r.Parts {
		routes = append(routes, x.part(p))
	}
	if r.Scale != nil {
		routes = append(routes, x.scale())
	}
	for _, s := range r.Subresources {
		routes = append(routes, x.subresource(s)...)
	}
	kept := routes[:0]
	for _, route := range routes {
		if len(route.operations) > 0 {
			kept = append(kept, route)
		}
	}
	return kept
}

// modelOf is the name of an object's schema.
func modelOf(obj any) string {
	if named, ok := obj.(interface{ OpenAPIModelName() string }); ok && !reflect.ValueOf(obj).IsNil() {
		return named.OpenAPIModelName()
	}
	return ""
}

func modelOfKind(k schema.GroupVersionKind) string {
	obj, err := catalogue.Scheme.New(k)
	if err != nil {
		return ""
	}
	return modelOf(obj)
}

func basePath(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "/api/" + gv.Version + "/"
	}
	return "/apis/" + gv.Group + "/" + gv.Version + "/"
}

// idOf is a group version in an operation's id: "RbacAuthorizationV1".
func idOf(gv schema.GroupVersion) string {
	return groupID(gv) + title(gv.Version)
}

// tagOf is a group version as a tag: "rbacAuthorization_v1".
func tagOf(gv schema.GroupVersion) string {
	id := groupID(gv)
	return strings.ToLower(id[:1]) + id[1:] + "_" + gv.Version
}

func groupID(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "Core"
	}
	var id string
	for part := range strings.SplitSeq(strings.TrimSuffix(gv.Group, ".k8s.io"), ".") {
		id += title(part)
	}
	return id
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// scoped is the name of the kind in an operation's id.
func (x *resource) scoped() string {
	if x.Namespaced {
		return "Namespaced" + x.Kind
	}
	return x.Kind
}

// place is the path of the collection, below prefix ("watch/", or "").
func (x *resource) place(prefix string) string {
	if x.Namespaced {
		return x.base + prefix + "namespaces/{namespace}/" + x.Plural
	}
	return x.base + prefix + x.Plural
}

// pathParameters are those that every operation at a path has.
func (x *resource) pathParameters(named bool, more ...parameter) []parameter {
	list := slices.Clip(more)
	if named {
		list = append(list, parameter{name: "name", in: "path", kind: "string", required: true, description: "name of the " + x.Kind})
	}
	if x.Namespaced {
		list = append(list, pathNamespace)
	}
	return list
}

// query are the parameters of an options type of meta/v1.
func (b *builder) query(options string) []parameter { return b.queryOf(metaV1 + options) }

func (b *builder) queryOf(model string) []parameter {
	if list, known := b.options[model]; known {
		return list
	}
	list, err := b.schemas.queryParameters(model)
	if err != nil {
		b.err = err
	}
	list = slices.Clip(list) // appending to it must not change it
	b.options[model] = list
	return list
}

// operation with what most operations have.
func (x *resource) operation(method, action, id, description string) operation {
	return operation{
		method: method, action: action, id: id, description: description, tag: x.tag, gvk: x.GroupVersionKind,
		consumes: anyType, produces: mediaTypes, answer: x.model, codes: answersOK,
	}
}
