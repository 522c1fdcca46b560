package apiserver

import (
	"context"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// Mutate changes a stored object on behalf of the system (a binding, an
// eviction's status): change is called with a copy, and again when others
// wrote in between. Nothing is validated and no plug-in asked.
func (s *Server) Mutate(ctx context.Context, r *api.Resource, namespace, name string, dryRun bool, change func(api.Object) error) (store.Item, error) {
	e, err := s.endpointOf(r)
	if err != nil {
		return nil, err
	}
	for {
		old, err := e.table.Get(ctx, namespace, name, store.Latest)
		if err != nil {
			return nil, storeError(err, r, name)
		}
		obj := e.copyOf(old)
		if err := change(obj); err != nil {
			return nil, err
		}
		if dryRun {
			return codec.Item(obj, r.GroupVersionKind), nil
		}
		item, err := e.table.Update(ctx, old, obj)
		if !lostRace(ctx, err) {
			return item, storeError(err, r, name)
		}
	}
}
