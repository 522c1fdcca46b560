package apiserver

import (
	"context"
	"reflect"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
	"skiff/internal/client"
)

var _ client.Sharer = (*inProcess)(nil)

// storedTypes finds the resource whose table holds objects of a Go type: that
// of the stored version.
func storedTypes(resources []*api.Resource) map[reflect.Type]*api.Resource {
	types := map[reflect.Type]*api.Resource{}
	for _, r := range resources {
		if r.StoredAs == nil && r.New != nil {
			types[reflect.TypeOf(r.New())] = r
		}
	}
	return types
}

// Shared returns the cache's decoded object in place of one that was read a
// moment ago. Whoever read it was allowed to.
func (t *inProcess) Shared(decoded runtime.Object) runtime.Object {
	r := t.s.stored[reflect.TypeOf(decoded)]
	if r == nil {
		return nil
	}
	obj := decoded.(api.Object)
	item, err := t.s.cfg.Store.Table(r).Get(context.Background(), obj.GetNamespace(), obj.GetName(), 0)
	if err != nil || strconv.FormatInt(item.Revision(), 10) != obj.GetResourceVersion() {
		return nil // it has changed since, or is gone: an event will tell
	}
	return item.Shared()
}
