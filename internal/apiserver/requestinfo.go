package apiserver

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// RequestInfo is what a request asks for, as its method, path and query say.
type RequestInfo struct {
	// IsResource: the path is below /api/VERSION or /apis/GROUP/VERSION.
	IsResource bool
	Path       string
	// Verb is the API's own (get, list, watch, create, ...) for resources, and
	// the method in lower case for other paths.
	Verb string

	Group, Version string
	Namespace      string
	Resource       string
	Subresource    string
	Name           string
	// Rest is the path below a subresource (services/x/proxy/REST), with its
	// leading slash.
	Rest string
	// FieldSelector narrows a list, watch or deletecollection; else nil.
	FieldSelector fields.Selector
}

// GroupResource names the resource that the request is for.
func (i *RequestInfo) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: i.Group, Resource: i.Resource}
}

type infoKey struct{}

// InfoFrom returns what the request of ctx asks for, or nil outside of one.
func InfoFrom(ctx context.Context) *RequestInfo {
	i, _ := ctx.Value(infoKey{}).(*RequestInfo)
	return i
}

// namespaceParts are the subresources of a namespace, which would otherwise
// read as resources inside of it.
var namespaceParts = []string{"status", "finalize"}

// parseRequest reads what r asks for. It never fails: what is not a resource
// request is one for a path.
func parseRequest(r *http.Request) *RequestInfo {
	info := &RequestInfo{Path: r.URL.Path, Verb: strings.ToLower(r.Method)}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		info.Version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		info.Group, info.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return info
	}
	info.IsResource = true
	watching := parts[0] == "watch" && len(parts) > 1
	if watching {
		parts = parts[1:]
	}
	info.locate(parts)
	info.Verb = verbOf(r, info, watching)
	if info.Name == "" && slices.Contains([]string{"list", "watch", "deletecollection"}, info.Verb) {
		info.selectFields(r)
	}
	return info
}

// locate reads [namespaces NS] RESOURCE [NAME [SUBRESOURCE [REST...]]].
func (i *RequestInfo) locate(parts []string) {
	if parts[0] == "namespaces" && len(parts) > 1 {
		i.Namespace = parts[1]
		if len(parts) > 2 && !slices.Contains(namespaceParts, parts[2]) {
			parts = parts[2:]
		}
	}
	i.Resource = parts[0]
	if len(parts) > 1 {
		i.Name = parts[1]
	}
	if len(parts) > 2 {
		i.Subresource = parts[2]
	}
	if len(parts) > 3 {
		i.Rest = "/" + strings.Join(parts[3:], "/")
	}
	if i.Subresource != "" && strings.HasSuffix(i.Path, "/") {
		i.Rest += "/"
	}
}

func verbOf(r *http.Request, i *RequestInfo, watching bool) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if i.Name == "" {
			return "deletecollection"
		}
		return "delete"
	case http.MethodGet, http.MethodHead:
		switch {
		case watching || (i.Subresource == "" && i.Name == "" && isTrue(r.URL.Query()["watch"])):
			return "watch"
		case i.Name == "":
			return "list"
		}
		return "get"
	}
	return ""
}

func isTrue(values []string) bool {
	return len(values) > 0 && values[0] != "false" && values[0] != "0"
}

// selectFields reads the field selector of a list. A name in it lets
// authorization grant a list of one named object.
func (i *RequestInfo) selectFields(r *http.Request) {
	sel, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	if err != nil {
		return
	}
	i.FieldSelector = sel
	i.Name, _ = sel.RequiresExactMatch("metadata.name")
}
