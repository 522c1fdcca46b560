package wire

import (
	"context"

	"skiff/internal/apiserver"
)

// checks are the parts of the API server's health, by the names that they have
// in Kubernetes: the steps of a start count for both probes, as there.
func (p *controlPlane) checks() []apiserver.Check {
	list := []apiserver.Check{
		{Name: "etcd", Live: true, Ready: true, Check: p.store.Healthy},
		{Name: "etcd-readiness", Ready: true, Check: p.store.Healthy},
		{Name: "informer-sync", Ready: true, Check: p.store.Loaded},
	}
	for i, name := range p.hooks.Names() {
		list = append(list, apiserver.Check{Name: name, Live: true, Ready: true, Check: func(context.Context) error { return p.hooks.Check(i) }})
	}
	return list
}
