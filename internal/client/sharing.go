package client

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Sharer is a transport that stays in the API server's process.
type Sharer interface {
	// Shared returns the server's own object, without managedFields, in place
	// of one that a client decoded; nil when the server has another by now.
	// Whoever holds it shares it with everybody else, and must not change it.
	Shared(decoded runtime.Object) runtime.Object
}

// sharingClient is a client over such a transport.
type sharingClient struct {
	kubernetes.Interface
	Sharer
}

// sharing is the transform of informers within the process. It may see an
// object more than once, and what it has shared already is not written to.
func sharing(s Sharer) cache.TransformFunc {
	return func(obj any) (any, error) {
		if decoded, ok := obj.(runtime.Object); ok {
			if shared := s.Shared(decoded); shared != nil {
				return shared, nil
			}
		}
		return Trim(obj)
	}
}
