package patch_test

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/patch"
)

func TestMembers(t *testing.T) {
	const merge, strategic = types.MergePatchType, types.StrategicMergePatchType
	for _, tt := range []struct {
		kind types.PatchType
		sent string
		want []string
		ok   bool
	}{
		{merge, `{"metadata":{"labels":{"a":"b"}}}`, []string{"metadata"}, true},
		{strategic, `{"status":{"phase":"Running"},"metadata":{"uid":"1"}}`, []string{"metadata", "status"}, true},
		{strategic, `{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}`, []string{"metadata"}, true},
		{merge, `{"kind":"Node","spec":null}`, []string{"kind", "spec"}, true},
		{merge, `{}`, nil, true},
		{types.JSONPatchType, `[{"op":"remove","path":"/spec"}]`, nil, false},
		{strategic, `{"$patch":"replace","spec":{}}`, nil, false},
		{strategic, `{"$setElementOrder/secrets":[{"name":"a"}]}`, nil, false},
		{strategic, `{"metadata":{"$patch":"replace"}}`, nil, false},
		{strategic, `{"metadata":{"$retainKeys":["name"]}}`, nil, false},
		{strategic, `{"metadata":{"$setElementOrder/managedFields":[]}}`, nil, false},
		{merge, `{"metadata":{"managedFields":[{}]}}`, nil, false},
		{merge, `{"metadata":null}`, nil, false},
		{merge, `{"metadata":1}`, nil, false},
		{merge, `null`, nil, false},
		{merge, `[]`, nil, false},
		{merge, `{`, nil, false},
	} {
		got, ok := patch.Members(tt.kind, []byte(tt.sent))
		if ok != tt.ok || len(got)+len(tt.want) > 0 && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, %v", tt.sent, got, ok)
		}
	}
}

func TestClear(t *testing.T) {
	obj := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"},
		ObjectMeta: metav1.ObjectMeta{Name: "a"},
		Spec:       corev1.PodSpec{NodeName: "n"},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
	patch.Clear(obj, []string{"metadata", "status", "unheard"})
	if want := (&corev1.Pod{Spec: corev1.PodSpec{NodeName: "n"}}); !reflect.DeepEqual(obj, want) {
		t.Errorf("left is %v", obj)
	}
}
