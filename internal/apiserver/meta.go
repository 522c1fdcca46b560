package apiserver

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/sets"

	"skiff/internal/api"
)

// now is the present time as the API shows it: in whole seconds.
func now() metav1.Time { return metav1.NewTime(time.Now().Truncate(time.Second)) }

// settleNamespace makes obj's namespace the one in the path, or refuses.
func settleNamespace(obj api.Object, namespace string) error {
	switch have := obj.GetNamespace(); {
	case have == namespace:
	case have == "":
		obj.SetNamespace(namespace)
	case namespace == "":
		obj.SetNamespace("")
	default:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return nil
}

// fillNew fills in what the system says of every new object.
func fillNew(r *api.Resource, obj api.Object) {
	obj.SetDeletionTimestamp(nil)
	obj.SetDeletionGracePeriodSeconds(nil)
	obj.SetSelfLink("")
	obj.SetResourceVersion("")
	obj.SetCreationTimestamp(now())
	obj.SetUID(types.UID(uuid.NewString()))
	if r.Spec != nil {
		obj.SetGeneration(1)
	}
}

const (
	maxGeneratedName = 63
	randomSuffix     = 5
)

// generateName makes a name out of metadata.generateName.
func generateName(base string) string {
	if len(base) > maxGeneratedName-randomSuffix {
		base = base[:maxGeneratedName-randomSuffix]
	}
	return base + rand.String(randomSuffix)
}

// keepSystemFields puts back into obj what no update can change.
func keepSystemFields(obj, old api.Object) {
	obj.SetGeneration(old.GetGeneration())
	obj.SetSelfLink("")
	obj.SetCreationTimestamp(old.GetCreationTimestamp())
	if obj.GetUID() == "" {
		obj.SetUID(old.GetUID())
	}
	if t := old.GetDeletionTimestamp(); t != nil {
		obj.SetDeletionTimestamp(t)
	}
	if g := old.GetDeletionGracePeriodSeconds(); g != nil && obj.GetDeletionGracePeriodSeconds() == nil {
		obj.SetDeletionGracePeriodSeconds(g)
	}
}

// dedupOwners drops owner references that repeat another, and says so.
func (x *exchange) dedupOwners(obj api.Object) {
	owners := obj.GetOwnerReferences()
	if len(owners) < 2 {
		return
	}
	seen := make(map[metav1.OwnerReference]bool, len(owners))
	twice := sets.New[string]()
	kept := owners[:0:0]
	for _, o := range owners {
		key := o
		key.Controller, key.BlockOwnerDeletion = nil, nil
		if seen[key] {
			twice.Insert(string(o.UID))
			continue
		}
		seen[key] = true
		kept = append(kept, o)
	}
	if len(twice) == 0 {
		return
	}
	obj.SetOwnerReferences(kept)
	x.warn(fmt.Sprintf(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, "+
		"and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: %v",
		sets.List(twice)))
}
