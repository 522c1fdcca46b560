// Package servicecache holds a node's view of Services and EndpointSlices, for
// those that turn them into something else: the service proxy and cluster DNS.
// On one node they share one cache, and so one watch each.
//
// It keeps only what its readers use of each object (within the API server's
// process, the server's own objects), and the indexes they look things up by. It never changes an object in the API.
package servicecache

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/client"
)

// Indexes of the informers that New makes.
const (
	// ByService finds EndpointSlices by "NAMESPACE/NAME" of their Service.
	ByService = "service"
	// ByAddress finds EndpointSlices by the address of an endpoint, and
	// Services by a cluster address.
	ByAddress = "address"
)

// New makes the informers. Whoever runs first starts them; objects read from
// them are shared and must not be changed.
func New(kube kubernetes.Interface) (*client.Informers, error) {
	factory := client.NewInformers(kube, trim)
	services := factory.Services().Informer()
	if err := services.AddIndexers(cache.Indexers{ByAddress: clusterAddresses}); err != nil {
		return nil, fmt.Errorf("index services: %w", err)
	}
	slices := factory.EndpointSlices().Informer()
	if err := slices.AddIndexers(cache.Indexers{ByService: serviceOf, ByAddress: endpointAddresses}); err != nil {
		return nil, fmt.Errorf("index endpoint slices: %w", err)
	}
	return factory, nil
}

// NewForConfig makes the informers and the client under them.
func NewForConfig(cfg *rest.Config) (*client.Informers, error) {
	clients, err := client.New(cfg, "skiff-services")
	if err != nil {
		return nil, err
	}
	return New(clients.Kube)
}

// Slices returns the EndpointSlices of a Service.
func Slices(index cache.Indexer, namespace, service string) []*discoveryv1.EndpointSlice {
	return find[*discoveryv1.EndpointSlice](index, ByService, namespace+"/"+service)
}

// SlicesAt returns the EndpointSlices that have an endpoint at the address.
func SlicesAt(index cache.Indexer, address string) []*discoveryv1.EndpointSlice {
	return find[*discoveryv1.EndpointSlice](index, ByAddress, address)
}

// ServicesAt returns the Services that have the cluster address.
func ServicesAt(index cache.Indexer, address string) []*corev1.Service {
	return find[*corev1.Service](index, ByAddress, address)
}

// find reads an index. The only error there is, an index that does not exist,
// is a mistake in this package.
func find[T any](index cache.Indexer, name, value string) []T {
	objects, err := index.ByIndex(name, value)
	if err != nil {
		panic(err)
	}
	found := make([]T, 0, len(objects))
	for _, o := range objects {
		if t, ok := o.(T); ok {
			found = append(found, t)
		}
	}
	return found
}

func serviceOf(obj any) ([]string, error) {
	slice, ok := obj.(*discoveryv1.EndpointSlice)
	if !ok || slice.Labels[discoveryv1.LabelServiceName] == "" {
		return nil, nil
	}
	return []string{slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]}, nil
}

func endpointAddresses(obj any) ([]string, error) {
	slice, ok := obj.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil, nil
	}
	var addresses []string
	for i := range slice.Endpoints {
		addresses = append(addresses, slice.Endpoints[i].Addresses...)
	}
	return addresses, nil
}

func clusterAddresses(obj any) ([]string, error) {
	svc, ok := obj.(*corev1.Service)
	if !ok || svc.Spec.ClusterIP == corev1.ClusterIPNone {
		return nil, nil
	}
	if len(svc.Spec.ClusterIPs) == 0 && svc.Spec.ClusterIP != "" {
		return []string{svc.Spec.ClusterIP}, nil
	}
	return svc.Spec.ClusterIPs, nil
}
