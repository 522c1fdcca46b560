package apiserver_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
)

// countingPods has the server decode Pods into objects that are counted.
func countingPods(decoded *atomic.Int64) apitest.Option {
	return func(c *apiserver.Config) {
		pods := *core.Pod
		pods.New = func() api.Object { decoded.Add(1); return core.Pod.New() }
		c.Resources = slices.Clone(c.Resources)
		c.Resources[slices.Index(c.Resources, core.Pod)] = &pods
	}
}

// GET, LIST and WATCH send bytes: in no encoding, with no selector, is an
// object decoded for them.
func TestReadsDecodeNothing(t *testing.T) {
	var decoded atomic.Int64
	s := apitest.Start(t, countingPods(&decoded))
	pods := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
	for i := range 20 {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("p", i), Labels: map[string]string{"odd": fmt.Sprint(i%2 == 1)}},
			Spec:       corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}
		if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if decoded.Load() == 0 {
		t.Fatal("writes are not counted")
	}
	const path = "/api/v1/namespaces/default/pods"
	for _, accept := range []string{
		"application/json", "application/json;pretty=1", "application/yaml", "application/cbor", "application/vnd.kubernetes.protobuf",
		"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
	} {
		for _, query := range []string{"/p3", "", "?resourceVersion=0", "?limit=7", "?labelSelector=odd%3Dtrue", "?fieldSelector=spec.nodeName%3Dn"} {
			before := decoded.Load()
			if resp, body := raw(t, s.Admin(), path+query, accept); resp.StatusCode != 200 || len(body) < 100 {
				t.Fatalf("%s as %s: %s %s", query, accept, resp.Status, body)
			}
			if n := decoded.Load() - before; n != 0 {
				t.Errorf("%s as %s: %d objects decoded", query, accept, n)
			}
		}
	}
	for _, accept := range []string{"application/json", "application/cbor", "application/vnd.kubernetes.protobuf"} {
		before := decoded.Load()
		resp, body := raw(t, s.Admin(), path+"?watch=1&timeoutSeconds=1&labelSelector=odd%3Dtrue", accept)
		if resp.StatusCode != 200 || len(body) < 1000 {
			t.Fatalf("watch as %s: %s %s", accept, resp.Status, body)
		}
		if n := decoded.Load() - before; n != 0 {
			t.Errorf("watch as %s: %d objects decoded", accept, n)
		}
	}
}

// However many watch a change, it is sent to them without being decoded again.
func TestChangesAreNotDecodedForWatchers(t *testing.T) {
	var decoded atomic.Int64
	s := apitest.Start(t, countingPods(&decoded))
	kube := kubernetes.NewForConfigOrDie(s.Admin())
	pods := kube.CoreV1().Pods("default")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	change := func(n int) int64 {
		before := decoded.Load()
		if _, err := pods.Patch(t.Context(), "p", types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{"n":"%d"}}}`, n), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		return decoded.Load() - before
	}
	change(0)
	alone := change(1)
	var seen atomic.Int64
	for range 50 {
		lines := stream(t, s.Admin(), "/api/v1/pods?watch=1&fieldSelector=metadata.name%3Dp", "application/json")
		go func() {
			for lines.Scan() {
				seen.Add(1)
			}
		}()
	}
	apitest.Eventually(t, "all watches have begun", func(context.Context) bool { return seen.Load() == 50 })
	watched := change(2)
	apitest.Eventually(t, "all have seen the change", func(context.Context) bool { return seen.Load() == 100 })
	if watched > alone+1 { // the change itself may find its object gone from memory
		t.Errorf("a change takes %d decoded objects, and %d when 50 watch", alone, watched)
	}
}
