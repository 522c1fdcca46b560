package apiserver_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
)

// Hundreds of watches of client-go over one connection each see every change,
// in order, beside requests that write and lists that are long.
func TestManyWatchesOverOneConnection(t *testing.T) {
	const watches, changes = 200, 20
	s := apitest.Start(t)
	config := s.Listen("admin", "system:masters")
	config.QPS = -1
	resp, _ := raw(t, config, "/version", "")
	if resp.ProtoMajor != 2 {
		t.Fatalf("client-go came by %s", resp.Proto)
	}
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "seen"}, Data: map[string]string{"n": "0", "long": strings.Repeat("x", 5000)}}
	object, err := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default").Create(t.Context(), object, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	defer all.Wait()
	for i := range watches {
		config := rest.CopyConfig(config)
		if i%2 == 0 {
			config.ContentType = "application/vnd.kubernetes.protobuf"
		}
		w, err := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default").Watch(t.Context(), metav1.ListOptions{ResourceVersion: object.ResourceVersion})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			defer w.Stop()
			for n := 1; n <= changes; n++ {
				ev := <-w.ResultChan()
				if c, ok := ev.Object.(*corev1.ConfigMap); !ok || ev.Type != watch.Modified || c.Data["n"] != fmt.Sprint(n) {
					t.Errorf("watch %d: change %d came as %s %v", i, n, ev.Type, ev.Object)
					return
				}
			}
		})
	}
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	for n := 1; n <= changes; n++ {
		object.Data["n"] = fmt.Sprint(n)
		if object, err = c.Update(t.Context(), object, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if l, err := c.List(t.Context(), metav1.ListOptions{}); err != nil || len(l.Items) == 0 {
			t.Fatalf("%v, %v", l, err)
		}
	}
}
