package replicaset

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func set(replicas int32) *appsv1.ReplicaSet {
	app := map[string]string{"app": "a"}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "rs", UID: "rs-uid", Generation: 3},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app, Annotations: map[string]string{"n": "1"}}},
		},
	}
}

func podsOf(n int, change ...func(*corev1.Pod)) (list []*corev1.Pod) {
	for i := range n {
		p := newPod(set(1), kind)
		p.Name = p.GenerateName + string(rune('a'+i))
		p.UID = types.UID(p.Name)
		for _, f := range change {
			f(p)
		}
		list = append(list, p)
	}
	return list
}

func ready(since time.Time) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(since),
		}}
	}
}

func TestDecide(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		want, have, create, remove int
	}{{3, 0, 3, 0}, {3, 3, 0, 0}, {1, 3, 0, 2}, {0, 3, 0, 3}, {10000, 0, burst, 0}} {
		got := decide(set(int32(c.want)), podsOf(c.have), nil, now)
		if got.create != c.create || len(got.remove) != c.remove {
			t.Errorf("want %d, have %d: create %d, remove %d", c.want, c.have, got.create, len(got.remove))
		}
	}
	dying := set(3)
	dying.DeletionTimestamp = &metav1.Time{}
	if got := decide(dying, nil, nil, now); got.create != 0 {
		t.Error("a set on its way out makes no pods")
	}
}

func TestStatus(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 10, 0, time.UTC)
	rs := set(4)
	rs.Spec.MinReadySeconds = 5
	all := podsOf(4)
	ready(now.Add(-6 * time.Second))(all[0])
	ready(now.Add(-2 * time.Second))(all[1])
	all[2].Labels = map[string]string{"app": "other"}
	all[3].DeletionTimestamp = &metav1.Time{Time: now}
	s, recheck := status(rs, all, active(all, nil), &failure{"FailedCreate", "quota"}, now)
	if s.Replicas != 3 || s.ReadyReplicas != 2 || s.AvailableReplicas != 1 || s.FullyLabeledReplicas != 2 ||
		*s.TerminatingReplicas != 1 || s.ObservedGeneration != 3 {
		t.Errorf("got %+v", s)
	}
	if recheck != 3*time.Second {
		t.Errorf("recheck in %v, want 3s", recheck)
	}
	if len(s.Conditions) != 1 || s.Conditions[0].Reason != "FailedCreate" {
		t.Errorf("conditions %v", s.Conditions)
	}
	rs.Status = s
	again, _ := status(rs, nil, nil, &failure{"FailedCreate", "quota"}, now.Add(time.Hour))
	if again.Conditions[0] != s.Conditions[0] {
		t.Error("a standing failure keeps its time")
	}
	if mended, _ := status(rs, nil, nil, nil, now); len(mended.Conditions) != 0 {
		t.Error("the failure is over")
	}
}

func start(c *controllertest.Cluster) {
	c.Start(func(f *client.Informers) (controllertest.Runner, error) {
		return New(c.Kube, f, c.Events)
	})
}

func list(t *testing.T, c *controllertest.Cluster) []corev1.Pod {
	l, err := c.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l.Items
}

func get(t *testing.T, c *controllertest.Cluster) *appsv1.ReplicaSet {
	rs, err := c.Kube.AppsV1().ReplicaSets("ns").Get(t.Context(), "rs", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestScalesUpAndDown(t *testing.T) {
	controllertest.Run(t, []runtime.Object{set(20)}, func(t *testing.T, c *controllertest.Cluster) {
		start(c)
		made := list(t, c)
		if len(made) != 20 {
			t.Fatalf("%d pods, want 20", len(made))
		}
		p := made[0]
		if ref := metav1.GetControllerOf(&p); ref == nil || ref.UID != "rs-uid" || !*ref.BlockOwnerDeletion || ref.APIVersion != "apps/v1" {
			t.Errorf("owner %v", ref)
		}
		if p.Annotations["n"] != "1" || !strings.HasPrefix(p.Name, "rs-") {
			t.Errorf("pod %v", p.ObjectMeta)
		}
		if s := get(t, c).Status; s.Replicas != 20 || s.ObservedGeneration != 3 {
			t.Errorf("status %+v", s)
		}
		if e := c.NextEvents(); len(e) != 20 || !strings.HasPrefix(e[0], "Normal SuccessfulCreate Created pod: rs-") {
			t.Errorf("events %q", e)
		}

		rs, two := get(t, c), int32(2)
		rs.Spec.Replicas = &two
		if _, err := c.Kube.AppsV1().ReplicaSets("ns").Update(t.Context(), rs, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if n := len(list(t, c)); n != 2 {
			t.Errorf("%d pods, want 2", n)
		}
		if e := c.NextEvents(); len(e) != 18 || !strings.HasPrefix(e[0], "Normal SuccessfulDelete Deleted pod: rs-") {
			t.Errorf("events %q", e)
		}

		before := c.Writes()
		c.Pass(time.Hour)
		if after := c.Writes(); after != before {
			t.Errorf("%d writes in an idle hour", after-before)
		}
	})
}

func TestReplacesAndAdopts(t *testing.T) {
	orphan := podsOf(1)[0]
	orphan.OwnerReferences = nil
	orphan.Namespace = "ns"
	controllertest.Run(t, []runtime.Object{set(2), orphan}, func(t *testing.T, c *controllertest.Cluster) {
		start(c)
		pods := list(t, c)
		if len(pods) != 2 {
			t.Fatalf("%d pods, want the orphan and a new one", len(pods))
		}
		for _, p := range pods {
			if metav1.GetControllerOf(&p) == nil {
				t.Errorf("%s was not adopted", p.Name)
			}
		}
		if err := c.Kube.CoreV1().Pods("ns").Delete(t.Context(), orphan.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if n := len(list(t, c)); n != 2 {
			t.Errorf("%d pods after one was deleted, want 2", n)
		}
	})
}

func TestRefusedPodsAreReportedAndAskedForOnceABatch(t *testing.T) {
	controllertest.Run(t, []runtime.Object{set(100)}, func(t *testing.T, c *controllertest.Cluster) {
		var refuse atomic.Bool
		var asked atomic.Int32
		refuse.Store(true)
		c.Kube.PrependReactor("create", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
			if refuse.Load() {
				asked.Add(1)
				return true, nil, errors.New("exceeded quota")
			}
			return false, nil, nil
		})
		start(c)
		if n := asked.Load(); n == 0 || n > 20 {
			t.Errorf("asked %d times", n)
		}
		if s := get(t, c).Status; len(s.Conditions) != 1 || s.Conditions[0].Message != "exceeded quota" {
			t.Errorf("status %+v", s)
		}
		if e := c.NextEvents(); len(e) == 0 || e[0] != "Warning FailedCreate Error creating: exceeded quota" {
			t.Errorf("events %q", e)
		}
		refuse.Store(false)
		c.Pass(5 * time.Minute)
		if n := len(list(t, c)); n != 100 {
			t.Errorf("%d pods, want 100", n)
		}
		if s := get(t, c).Status; len(s.Conditions) != 0 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestAvailabilityComesWithTime(t *testing.T) {
	controllertest.Run(t, nil, func(t *testing.T, c *controllertest.Cluster) {
		rs := set(1)
		rs.Spec.MinReadySeconds = 30
		if _, err := c.Kube.AppsV1().ReplicaSets("ns").Create(t.Context(), rs, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		start(c)
		p := list(t, c)[0]
		ready(time.Now())(&p)
		if _, err := c.Kube.CoreV1().Pods("ns").UpdateStatus(t.Context(), &p, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if s := get(t, c).Status; s.ReadyReplicas != 1 || s.AvailableReplicas != 0 {
			t.Errorf("at once: %+v", s)
		}
		c.Pass(31 * time.Second)
		if s := get(t, c).Status; s.AvailableReplicas != 1 {
			t.Errorf("after 31 s: %+v", s)
		}
	})
}
