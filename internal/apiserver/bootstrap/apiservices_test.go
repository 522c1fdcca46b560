package bootstrap

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/apiregistration"
)

func TestGroupsAreRegistered(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	start(t, kube, testOptions())
	list, err := apiServiceClient{kube.Discovery().RESTClient()}.List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]apiregistration.Object{}
	for _, o := range list.Items {
		found[o.Name] = o
	}
	for _, name := range []string{"v1.", "v1.apps", "v2.autoscaling", "v1.rbac.authorization.k8s.io", "v1.resource.k8s.io"} {
		o := found[name]
		if len(o.Status.Conditions) != 1 || o.Status.Conditions[0].Status != "True" || o.Status.Conditions[0].Reason != "Local" || o.Spec.Service != nil {
			t.Errorf("%s: %+v", name, o)
		}
	}
	get := kube.Discovery().RESTClient().Get().AbsPath(apiServicePath, "v1.apps")
	proto, err := get.SetHeader("Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").Do(ctx).Raw()
	if err != nil || string(proto[:3]) != "k8s" {
		t.Errorf("metadata as protobuf: %q, %v", proto, err)
	}
	data, err := kube.Discovery().RESTClient().Get().AbsPath(apiServicePath).SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").Do(ctx).Raw()
	table := metav1.Table{}
	if err == nil {
		err = json.Unmarshal(data, &table)
	}
	if err != nil || len(table.Rows) != len(list.Items) || table.Rows[0].Cells[1] != "Local" || table.Rows[0].Cells[2] != "True" {
		t.Errorf("table: %v, %s", err, data)
	}
}
