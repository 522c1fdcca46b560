package apiserver

import (
	"context"
	"errors"

	"skiff/internal/api"
	"skiff/internal/store"
)

// Reader reads from the store's cache. It sees all that this process wrote,
// and does not ask etcd for what others may have written meanwhile.
func (s *Server) Reader() api.Reader { return reader{s.cfg.Store} }

// NewReader is a Reader for those who need one before there is a Server:
// authorizers and admission plug-ins.
func NewReader(of Storage) api.Reader { return reader{of} }

type reader struct{ of Storage }

// written is the revision that the cache has to have reached.
func (r reader) written() int64 {
	if s, ok := r.of.(interface{ Written() int64 }); ok {
		return s.Written()
	}
	return 0
}

// Get looks once more, at the latest revision, for what is not there: it may
// have been made a moment ago.
func (r reader) Get(ctx context.Context, res *api.Resource, namespace, name string) (api.Object, error) {
	item, err := r.of.Table(res).Get(ctx, namespace, name, r.written())
	if errors.Is(err, store.ErrNotFound) {
		item, err = r.of.Table(res).Get(ctx, namespace, name, store.Latest)
	}
	if err != nil {
		return nil, storeError(err, res, name)
	}
	return item.Object(), nil
}

func (r reader) List(ctx context.Context, res *api.Resource, namespace string) ([]api.Object, error) {
	l, err := r.of.Table(res).List(ctx, store.ListOptions{Namespace: namespace, MinRevision: r.written()})
	if err != nil {
		return nil, storeError(err, res, "")
	}
	var out []api.Object
	for i := range l.Items {
		out = append(out, i.Object())
	}
	return out, nil
}
