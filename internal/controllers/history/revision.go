package history

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
)

// patch is the strategic merge patch that brings an object back to a template:
// what a revision's data is, as kubectl computes it too.
func patch(t *corev1.PodTemplateSpec) ([]byte, error) {
	encoded, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	template := map[string]any{}
	if err := json.Unmarshal(encoded, &template); err != nil {
		return nil, err
	}
	template["$patch"] = "replace"
	return json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
}

// Template returns the pod template that a revision holds.
func Template(r *appsv1.ControllerRevision) (*corev1.PodTemplateSpec, error) {
	var data struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(r.Data.Raw, &data); err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: field data: %w", r.Namespace, r.Name, err)
	}
	return &data.Spec.Template, nil
}

// same compares data by what it says; spacing and order do not count.
func same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func hash(data []byte, collisions int32) string {
	h := fnv.New32()
	h.Write(data)
	if collisions > 0 {
		var b [8]byte
		binary.LittleEndian.PutUint32(b[:], uint32(collisions))
		h.Write(b[:])
	}
	return rand.SafeEncodeString(fmt.Sprint(h.Sum32()))
}

// record is a new revision of an object.
func (o Object) record(data []byte, number int64, collisions int32) *appsv1.ControllerRevision {
	h := hash(data, collisions)
	labels := maps.Clone(o.Template.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[o.HashLabel] = h
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.Owner.GetNamespace(), Name: o.Owner.GetName() + "-" + h,
			Labels: labels, Annotations: maps.Clone(o.Owner.GetAnnotations()),
			OwnerReferences: []metav1.OwnerReference{o.Ref},
		},
		Data: runtime.RawExtension{Raw: data}, Revision: number,
	}
}

// Sort puts the revisions in their order, the oldest first.
func Sort(list []*appsv1.ControllerRevision) {
	slices.SortFunc(list, func(a, b *appsv1.ControllerRevision) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
}

// surplus are the oldest revisions that nobody uses, beyond limit.
func surplus(list []*appsv1.ControllerRevision, used map[string]bool, limit int) []*appsv1.ControllerRevision {
	var idle []*appsv1.ControllerRevision
	for _, r := range list {
		if !used[r.Name] {
			idle = append(idle, r)
		}
	}
	Sort(idle)
	return idle[:max(len(idle)-limit, 0)]
}
