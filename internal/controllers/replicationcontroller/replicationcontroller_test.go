package replicationcontroller

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func TestKeepsItsPods(t *testing.T) {
	app := map[string]string{"app": "a"}
	rc := &corev1.ReplicationController{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "rc", UID: "rc-uid", Generation: 2},
		Spec: corev1.ReplicationControllerSpec{
			Replicas: new(int32(3)), Selector: app,
			Template: &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}},
		},
	}
	controllertest.Run(t, []runtime.Object{rc}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		l, err := c.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(l.Items) != 3 {
			t.Fatalf("%d pods, %v", len(l.Items), err)
		}
		if ref := metav1.GetControllerOf(&l.Items[0]); ref == nil || ref.Kind != "ReplicationController" || ref.APIVersion != "v1" || ref.UID != "rc-uid" {
			t.Errorf("controller %v", ref)
		}
		got, err := c.Kube.CoreV1().ReplicationControllers("ns").Get(t.Context(), "rc", metav1.GetOptions{})
		if err != nil || got.Status.Replicas != 3 || got.Status.ObservedGeneration != 2 || got.Spec.Template == nil {
			t.Errorf("%+v, %v", got, err)
		}
		if e := c.NextEvents(); len(e) != 3 || !strings.HasPrefix(e[0], "Normal SuccessfulCreate Created pod: rc-") {
			t.Errorf("events %q", e)
		}
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}
