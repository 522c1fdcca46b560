package openapi

import (
	"strings"

	"skiff/internal/api"
)

// collection is the path of all objects (of a namespace).
func (x *resource) collection() route {
	r := route{path: x.place(""), parameters: x.pathParameters(false, queryPretty)}
	if x.Serves("list") {
		r.operations = append(r.operations, x.listOperation(x.scoped()))
	}
	if x.Serves("create") {
		r.operations = append(r.operations, x.create("create"+x.group+x.scoped(), "create "+article(x.Kind)+" "+x.Kind, x.model))
	}
	if x.Serves("deletecollection") {
		o := x.operation("delete", "deletecollection", "delete"+x.group+"Collection"+x.scoped(), "delete collection of "+x.Kind)
		o.parameters = append(x.deleteParameters(), without(x.query("ListOptions"), "watch", "allowWatchBookmarks")...)
		o.body, o.optional, o.answer = metaV1+"DeleteOptions", true, metaV1+"Status"
		r.operations = append(r.operations, o)
	}
	return r
}

func (x *resource) listOperation(id string) operation {
	o := x.operation("get", "list", "list"+x.group+id, "list or watch objects of kind "+x.Kind)
	o.parameters, o.produces, o.answer = x.query("ListOptions"), listTypes, x.list
	return o
}

func (x *resource) create(id, description, model string) operation {
	o := x.operation("post", "post", id, description)
	o.parameters, o.body, o.answer, o.codes = x.query("CreateOptions"), model, model, answersCreate
	return o
}

// everywhere is the path of all objects of all namespaces.
func (x *resource) everywhere() route {
	r := route{path: x.base + x.Plural, parameters: []parameter{queryPretty}}
	if x.Serves("list") {
		r.operations = []operation{x.listOperation(x.Kind + "ForAllNamespaces")}
	}
	return r
}

// single is the path of one object.
func (x *resource) single() route {
	r := route{path: x.place("") + "/{name}", parameters: x.pathParameters(true, queryPretty)}
	if x.Serves("get") {
		r.operations = append(r.operations, x.read("", "read the specified "+x.Kind, x.model))
	}
	if x.Serves("update") {
		r.operations = append(r.operations, x.replace("", "replace the specified "+x.Kind, x.model))
	}
	if x.Serves("patch") {
		r.operations = append(r.operations, x.patch("", "partially update the specified "+x.Kind, x.model))
	}
	if x.Serves("delete") {
		o := x.operation("delete", "delete", "delete"+x.group+x.scoped(), "delete "+article(x.Kind)+" "+x.Kind)
		o.parameters, o.body, o.optional, o.codes = x.deleteParameters(), metaV1+"DeleteOptions", true, answersDelete
		if !x.ReturnsDeleted {
			o.answer = metaV1 + "Status"
		}
		r.operations = append(r.operations, o)
	}
	return r
}

func (x *resource) deleteParameters() []parameter {
	return without(x.query("DeleteOptions"), "preconditions")
}

func (x *resource) read(suffix, description, model string) operation {
	o := x.operation("get", "get", "read"+x.group+x.scoped()+suffix, description)
	o.answer = model
	return o
}

func (x *resource) replace(suffix, description, model string) operation {
	o := x.operation("put", "put", "replace"+x.group+x.scoped()+suffix, description)
	o.parameters, o.body, o.answer, o.codes = x.query("UpdateOptions"), model, model, answersWrite
	return o
}

func (x *resource) patch(suffix, description, model string) operation {
	o := x.operation("patch", "patch", "patch"+x.group+x.scoped()+suffix, description)
	o.parameters, o.body, o.answer, o.codes = x.query("PatchOptions"), metaV1+"Patch", model, answersWrite
	o.consumes = patchTypes
	return o
}

// watches are the old paths of watches.
func (x *resource) watches() []route {
	if !x.Serves("watch") || !x.Serves("list") {
		return nil
	}
	query := append(x.query("ListOptions"), queryPretty)
	watch := func(action, id, description string) []operation {
		o := x.operation("get", action, "watch"+x.group+id, description)
		o.produces, o.answer = listTypes, metaV1+"WatchEvent"
		return []operation{o}
	}
	ofList := "watch individual changes to a list of " + x.Kind + ". deprecated: use the 'watch' parameter with a list operation instead."
	ofOne := "watch changes to an object of kind " + x.Kind + ". deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter."
	routes := []route{
		{path: x.place("watch/"), parameters: x.pathParameters(false, query...), operations: watch("watchlist", x.scoped()+"List", ofList)},
		{path: x.place("watch/") + "/{name}", parameters: x.pathParameters(true, query...), operations: watch("watch", x.scoped(), ofOne)},
	}
	if x.Namespaced {
		routes = append(routes, route{path: x.base + "watch/" + x.Plural, parameters: query, operations: watch("watchlist", x.Kind+"ListForAllNamespaces", ofList)})
	}
	return routes
}

// part is the path of a part of one object.
func (x *resource) part(p api.Part) route {
	suffix := title(p.Name)
	of := p.Name + " of the specified " + x.Kind
	r := route{path: x.place("") + "/{name}/" + p.Name, parameters: x.pathParameters(true, queryPretty)}
	r.operations = []operation{x.replace(suffix, "replace "+of, x.model)}
	if !p.NoRead {
		r.operations = append(r.operations, x.read(suffix, "read "+of, x.model), x.patch(suffix, "partially update "+of, x.model))
	}
	return r
}

func (x *resource) scale() route {
	model := modelOfKind(scaleKind)
	of := "scale of the specified " + x.Kind
	r := route{path: x.place("") + "/{name}/scale", parameters: x.pathParameters(true, queryPretty)}
	r.operations = []operation{
		x.read("Scale", "read "+of, model), x.replace("Scale", "replace "+of, model), x.patch("Scale", "partially update "+of, model),
	}
	for i := range r.operations {
		r.operations[i].gvk = scaleKind
	}
	return r
}

// subresource is the paths of a subresource with a kind of its own.
func (x *resource) subresource(s api.Subresource) []route {
	path := x.place("") + "/{name}/" + s.Name
	kind := s.Kind
	if kind.Version == "" {
		kind = x.GroupVersion().WithKind(kind.Kind)
	}
	switch {
	case s.Name == "proxy":
		options := x.queryOf(modelOfKind(kind))
		return []route{
			{path: path, parameters: x.pathParameters(true, options...), operations: x.connects(s, proxyMethods, "")},
			{path: path + "/{path}", parameters: x.pathParameters(true, append(options, pathPath)...), operations: x.connects(s, proxyMethods, "WithPath")},
		}
	case strings.HasSuffix(kind.Kind, "Options"):
		return []route{{path: path, parameters: x.pathParameters(true, x.queryOf(modelOfKind(kind))...), operations: x.connects(s, connectMethods, "")}}
	case s.Name == "log":
		o := x.read("Log", "read log of the specified "+x.Kind, "")
		o.produces = append([]string{"text/plain"}, mediaTypes...)
		options := append(x.queryOf(modelOfKind(x.GroupVersion().WithKind("PodLogOptions"))), queryPretty)
		return []route{{path: path, parameters: x.pathParameters(true, options...), operations: []operation{o}}}
	}
	o := x.create("create"+x.group+x.scoped()+title(s.Name), "create "+s.Name+" of "+article(x.Kind)+" "+x.Kind, modelOfKind(kind))
	o.gvk = kind
	return []route{{path: path, parameters: x.pathParameters(true, queryPretty), operations: []operation{o}}}
}

// connects are the operations of a subresource that is a connection.
func (x *resource) connects(s api.Subresource, methods []string, suffix string) []operation {
	var list []operation
	for _, method := range methods {
		id := "connect" + x.group + title(method) + x.scoped() + title(s.Name) + suffix
		o := x.operation(method, "connect", id, "connect "+strings.ToUpper(method)+" requests to "+s.Name+" of "+x.Kind)
		o.gvk, o.produces, o.answer = s.Kind, anyType, ""
		list = append(list, o)
	}
	return list
}

func without(list []parameter, names ...string) []parameter {
	var kept []parameter
next:
	for _, p := range list {
		for _, name := range names {
			if p.name == name {
				continue next
			}
		}
		kept = append(kept, p)
	}
	return kept
}

func article(noun string) string {
	if strings.ContainsRune("AEIOU", rune(noun[0])) {
		return "an"
	}
	return "a"
}
