package discovery

import (
	discoveryv1 "k8s.io/api/discovery/v1"

	"skiff/internal/api"
)

// EndpointSlice lists some of the addresses behind a Service.
var EndpointSlice = api.Define(api.Kind[*discoveryv1.EndpointSlice]{
	GVK: gv.WithKind("EndpointSlice"), Plural: "endpointslices", Prefix: "endpointslices", Namespaced: true,
	New: api.New[discoveryv1.EndpointSlice], NewList: api.NewList[discoveryv1.EndpointSliceList],
})
