package apiserver

import (
	"bytes"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/store"
)

// endpoint serves one resource in one version.
type endpoint struct {
	s     *Server
	r     *api.Resource
	table store.Table // nil when there is nothing to read
	// typePrefix is how the JSON of an object begins; items of a list are
	// written without it, since the list says it for all.
	typePrefix []byte
	deprecated string // the warning for who uses it, empty for most
}

func newEndpoint(s *Server, r *api.Resource) *endpoint {
	e := &endpoint{s: s, r: r, deprecated: deprecated(r, s.cfg.Version)}
	switch {
	case r.StoredAs != nil:
		e.table = &view{r: r, of: s.cfg.Store.Table(r.StoredAs)}
	case r.Prefix != "":
		e.table = s.cfg.Store.Table(r)
	case s.cfg.Computed[r.GroupResource()] != nil:
		e.table = computed{r: r, make: s.cfg.Computed[r.GroupResource()]}
	}
	e.typePrefix = fmt.Appendf(nil, `{"kind":%q,"apiVersion":%q,`, r.Kind, r.GroupVersion().String())
	return e
}

// listKind is the kind of a list of the resource.
func (e *endpoint) listKind() schema.GroupVersionKind {
	return e.r.GroupVersion().WithKind(e.r.Kind + "List")
}

// appendListItem appends the JSON of an object as a list has it.
func (e *endpoint) appendListItem(dst []byte, i store.Item, s *store.Scratch) []byte {
	start := len(dst)
	dst = i.AppendJSON(dst, s)
	if !bytes.HasPrefix(dst[start:], e.typePrefix) {
		return dst
	}
	members := start + len("{")
	return dst[:members+copy(dst[members:], dst[start+len(e.typePrefix):])]
}

// new is an empty object of the kind, with its kind set.
func (e *endpoint) new() api.Object {
	obj := e.r.New()
	obj.GetObjectKind().SetGroupVersionKind(e.r.GroupVersionKind)
	return obj
}

// copyOf is a copy of the item's object that may be changed.
func (e *endpoint) copyOf(i store.Item) api.Object {
	obj := i.Object().DeepCopyObject().(api.Object)
	obj.GetObjectKind().SetGroupVersionKind(e.r.GroupVersionKind)
	return obj
}

// hasSubresource says whether the resource has a subresource of that name.
func (e *endpoint) hasSubresource(name string) bool {
	if e.r.Part(name) != nil || (name == "scale" && e.r.Scale != nil) {
		return true
	}
	return slices.ContainsFunc(e.r.Subresources, func(s api.Subresource) bool { return s.Name == name })
}
