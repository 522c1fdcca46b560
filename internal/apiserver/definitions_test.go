package apiserver_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"skiff/internal/api/apiextensions"
	"skiff/internal/apiserver/apitest"
)

var definitions = apiextensions.GroupVersion.WithResource("customresourcedefinitions")

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: boats, kind: Boat, shortNames: [bo]}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {
      spec: {type: object, properties: {mast: {x-kubernetes-int-or-string: true}, sails: {type: array, maxItems: 3, items: {type: string, default: white}}}}}}}}
`

func TestDefinitionsWithKubectl(t *testing.T) {
	s := apitest.Start(t)
	k := newKubectl(t, s.Listen("admin", "system:masters"))
	k.must("", "api-resources --api-group=apiextensions.k8s.io", "customresourcedefinitions", "crd,crds", "apiextensions.k8s.io/v1")
	k.must(definition, "apply -f -", "customresourcedefinition.apiextensions.k8s.io/boats.example.com created")
	k.must(definition, "apply -f -", "boats.example.com unchanged")
	k.must("", "get crd", "NAME", "SCOPE", "VERSIONS", "CREATED AT", "boats.example.com", "Namespaced", "v1(storage)")
	k.must("", "get crds boats.example.com -o yaml", "singular: boat", "listKind: BoatList", "strategy: None", "default: white", "reason: NotServed")
	k.must("", "explain crd.spec.versions.schema.openAPIV3Schema.properties", "FIELD: properties")
	k.must(definition, "apply --server-side -f -", "serverside-applied")
	k.must(strings.Replace(definition, "maxItems: 3", "maxItems: 4", 1), "apply --server-side -f -", "serverside-applied")
	k.must("", "get crd boats.example.com -o jsonpath={.metadata.generation}:{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.sails}", `2:{"items":{"default":"white","type":"string"},"maxItems":4,"type":"array"}`)
	k.must("", "delete crd boats.example.com", "deleted")
	k.must("", "get crd", "No resources found")
}

func TestDefinitionsAreKeptApartFromTheirStatus(t *testing.T) {
	s, ctx := apitest.Start(t), t.Context()
	c := dynamic.NewForConfigOrDie(s.Admin()).Resource(definitions)
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(definition), &o.Object); err != nil {
		t.Fatal(err)
	}
	made, err := c.Create(ctx, o, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stale := made.DeepCopy()
	stale.SetResourceVersion("")
	if _, err := c.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("an update without resourceVersion: %v", err)
	}
	status := made.DeepCopy()
	_ = unstructured.SetNestedField(status.Object, "ships", "spec", "names", "plural")
	_ = unstructured.SetNestedStringSlice(status.Object, []string{"v1", "v0"}, "status", "storedVersions")
	_ = unstructured.SetNestedSlice(status.Object, []any{map[string]any{"type": "Established", "status": "True", "reason": "x"}}, "status", "conditions")
	now, err := c.UpdateStatus(ctx, status, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plural, _, _ := unstructured.NestedString(now.Object, "spec", "names", "plural")
	stored, _, _ := unstructured.NestedStringSlice(now.Object, "status", "storedVersions")
	if plural != "boats" || len(stored) != 2 || now.GetGeneration() != 1 {
		t.Errorf("%s %v %d", plural, stored, now.GetGeneration())
	}
	_, err = c.Patch(ctx, "boats.example.com", types.MergePatchType, []byte(`{"spec":{"scope":"Cluster"}}`), metav1.PatchOptions{})
	if err == nil || !strings.Contains(err.Error(), `spec.scope: Invalid value: "Cluster": field is immutable`) {
		t.Errorf("the scope of an established kind: %v", err)
	}
	if !strings.Contains(err.Error(), `CustomResourceDefinition.apiextensions.k8s.io "boats.example.com" is invalid`) || !strings.Contains(err.Error(), "status.storedVersions[1]") {
		t.Errorf("a version that may still be stored: %v", err)
	}
}
