package apiserver

import (
	"context"
	"errors"

	"skiff/internal/api"
	"skiff/internal/store"
)

// Reader reads from the store's cache, without waiting for it to catch up.
func (s *Server) Reader() api.Reader { return reader{s.cfg.Store} }

// NewReader is a Reader for those who need one before there is a Server:
// authorizers and admission plug-ins.
func NewReader(of Storage) api.Reader { return reader{of} }

type reader struct{ of Storage }

// Get looks once more, at the latest revision, for what is not there: it may
// have been made a moment ago.
func (r reader) Get(ctx context.Context, res *api.Resource, namespace, name string) (api.Object, error) {
	item, err := r.of.Table(res).Get(ctx, namespace, name, 0)
	if errors.Is(err, store.ErrNotFound) {
		item, err = r.of.Table(res).Get(ctx, namespace, name, store.Latest)
	}
	if err != nil {
		return nil, storeError(err, res, name)
	}
	return item.Object(), nil
}

func (r reader) List(ctx context.Context, res *api.Resource, namespace string) ([]api.Object, error) {
	l, err := r.of.Table(res).List(ctx, store.ListOptions{Namespace: namespace})
	if err != nil {
		return nil, storeError(err, res, "")
	}
	var out []api.Object
	for i := range l.Items {
		out = append(out, i.Object())
	}
	return out, nil
}
