// Package testreader is an api.Reader over objects in memory, for tests of
// what reads through one.
package testreader

import (
	"context"
	"reflect"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
)

// Reader holds objects. Its zero value holds none.
type Reader struct {
	mu      sync.Mutex
	objects []api.Object
}

// New returns a reader of objects.
func New(objects ...api.Object) *Reader { return &Reader{objects: objects} }

// Put adds obj, or replaces the one of its kind and name.
func (r *Reader) Put(obj api.Object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, o := range r.objects {
		if reflect.TypeOf(o) == reflect.TypeOf(obj) && o.GetNamespace() == obj.GetNamespace() && o.GetName() == obj.GetName() {
			r.objects[i] = obj
			return
		}
	}
	r.objects = append(r.objects, obj)
}

// Get implements api.Reader.
func (r *Reader) Get(ctx context.Context, kind *api.Resource, namespace, name string) (api.Object, error) {
	all, _ := r.List(ctx, kind, namespace)
	for _, o := range all {
		if o.GetName() == name {
			return o, nil
		}
	}
	return nil, apierrors.NewNotFound(kind.GroupResource(), name)
}

// List implements api.Reader.
func (r *Reader) List(_ context.Context, kind *api.Resource, namespace string) ([]api.Object, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []api.Object
	for _, o := range r.objects {
		if reflect.TypeOf(o) == reflect.TypeOf(kind.New()) && (namespace == "" || o.GetNamespace() == namespace) {
			out = append(out, o)
		}
	}
	return out, nil
}
