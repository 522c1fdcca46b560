package quota

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/core"
)

// classMark stands between a storage class and what is bounded of it:
// gold.storageclass.storage.k8s.io/requests.storage.
const classMark = ".storageclass.storage.k8s.io/"

func ofClaims(name corev1.ResourceName) bool {
	if name == corev1.ResourceRequestsStorage {
		return true
	}
	_, what, ok := strings.Cut(string(name), classMark)
	return ok && (what == string(corev1.ResourceRequestsStorage) || what == string(corev1.ResourcePersistentVolumeClaims))
}

// useClaim charges a claim in all, and once more for its class. A claim that
// failed to grow and was made smaller again is charged for what it has already
// been given.
func useClaim(used corev1.ResourceList, c *corev1.PersistentVolumeClaim) {
	class := core.StorageClassOf(c)
	if class != "" {
		used[corev1.ResourceName(class+classMark)+corev1.ResourcePersistentVolumeClaims] = one
	}
	size, ok := c.Spec.Resources.Requests[corev1.ResourceStorage]
	if !ok {
		return
	}
	if given := c.Status.AllocatedResources[corev1.ResourceStorage]; given.Cmp(size) > 0 {
		size = given
	}
	used[corev1.ResourceRequestsStorage] = size
	if class != "" {
		used[corev1.ResourceName(class+classMark)+corev1.ResourceRequestsStorage] = size
	}
}
