package meta

import "k8s.io/apimachinery/pkg/api/resource"

// RoundUp rounds quantities up to thousandths, the finest that the API keeps.
func RoundUp[K ~string](list map[K]resource.Quantity) {
	for name, q := range list {
		q.RoundUp(resource.Milli)
		list[name] = q
	}
}
