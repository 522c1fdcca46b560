package deployment

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"
	"skiff/internal/controllers/replicaset"

	"skiff/internal/client"
)

// world is a cluster with both controllers, in which pods turn ready when the
// test says so.
type world struct {
	*testing.T
	*controllertest.Cluster
}

func rollouts(t *testing.T, d *appsv1.Deployment, test func(w world)) {
	controllertest.Run(t, []runtime.Object{d}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return replicaset.New(c.Kube, f, c.Events)
		})
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		test(world{t, c})
	})
}

func (w world) get() *appsv1.Deployment {
	d, err := w.Kube.AppsV1().Deployments("ns").Get(w.Context(), "d", metav1.GetOptions{})
	w.must(err)
	return d
}

func (w world) change(f func(*appsv1.Deployment)) {
	d := w.get()
	f(d)
	d.Generation++
	_, err := w.Kube.AppsV1().Deployments("ns").Update(w.Context(), d, metav1.UpdateOptions{})
	w.must(err)
	w.Settle()
}

func (w world) sets() []appsv1.ReplicaSet {
	l, err := w.Kube.AppsV1().ReplicaSets("ns").List(w.Context(), metav1.ListOptions{})
	w.must(err)
	return l.Items
}

func (w world) set(image string) appsv1.ReplicaSet {
	for _, rs := range w.sets() {
		if rs.Spec.Template.Spec.Containers[0].Image == image {
			return rs
		}
	}
	w.Fatalf("no ReplicaSet of %s", image)
	return appsv1.ReplicaSet{}
}

func (w world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ready makes up to n more pods ready and returns how many there are then.
func (w world) ready(n int) (total int) {
	l, err := w.Kube.CoreV1().Pods("ns").List(w.Context(), metav1.ListOptions{})
	w.must(err)
	for _, p := range l.Items {
		if len(p.Status.Conditions) == 0 && n > 0 {
			p.Status.Phase = corev1.PodRunning
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
			_, err := w.Kube.CoreV1().Pods("ns").UpdateStatus(w.Context(), &p, metav1.UpdateOptions{})
			w.must(err)
			n--
		}
		if len(p.Status.Conditions) > 0 {
			total++
		}
	}
	w.Settle()
	return total
}

func (w world) expectProgress(status corev1.ConditionStatus, reason string) {
	w.Helper()
	c := condition(w.get().Status, appsv1.DeploymentProgressing)
	if c == nil || c.Status != status || c.Reason != reason {
		w.Errorf("Progressing is %v, want %s %s", c, status, reason)
	}
}

func TestRollingUpdateAndRollback(t *testing.T) {
	rollouts(t, deployment(4, "1", "1"), func(w world) {
		nginx := w.set("nginx")
		hash := nginx.Labels[hashLabel]
		if nginx.Name != "d-"+hash || nginx.Spec.Selector.MatchLabels[hashLabel] != hash || nginx.Spec.Template.Labels[hashLabel] != hash {
			t.Errorf("labels of %v", nginx)
		}
		if a := nginx.Annotations; a[revisionAnnotation] != "1" || a[desiredAnnotation] != "4" || a[maxAnnotation] != "5" || a["note"] != "x" {
			t.Errorf("annotations %v", a)
		}
		if e := strings.Join(w.NextEvents(), "\n"); !strings.Contains(e, "Normal ScalingReplicaSet Scaled up replica set "+nginx.Name+" from 0 to 4") {
			t.Errorf("events %s", e)
		}
		w.expectProgress(corev1.ConditionTrue, reasonUpdated)
		w.ready(1)
		w.expectProgress(corev1.ConditionTrue, reasonUpdated)
		w.ready(3)
		w.expectProgress(corev1.ConditionTrue, reasonAvailable)
		if d := w.get(); d.Status.AvailableReplicas != 4 || d.Annotations[revisionAnnotation] != "1" {
			t.Errorf("got %+v, %v", d.Status, d.Annotations)
		}

		w.change(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "httpd" })
		for range 10 {
			if n := w.ready(1); n < 3 {
				t.Fatalf("%d pods ready, at least 3 were promised", n)
			}
			if d := w.get(); d.Status.Replicas > 5 {
				t.Fatalf("%d pods, at most 5 were allowed", d.Status.Replicas)
			}
		}
		w.expectProgress(corev1.ConditionTrue, reasonAvailable)
		if old := w.set("nginx"); *old.Spec.Replicas != 0 || old.Name != nginx.Name {
			t.Errorf("the old set is %v", old)
		}
		if d := w.get(); d.Annotations[revisionAnnotation] != "2" || d.Status.UpdatedReplicas != 4 {
			t.Errorf("got %v %+v", d.Annotations, d.Status)
		}

		w.change(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "nginx" })
		for range 10 {
			w.ready(1)
		}
		back := w.set("nginx")
		if back.Name != nginx.Name || *back.Spec.Replicas != 4 || back.Annotations[revisionAnnotation] != "3" || back.Annotations[historyAnnotation] != "1" {
			t.Errorf("after the rollback: %v, %d replicas", back.ObjectMeta, *back.Spec.Replicas)
		}
		before := w.Writes()
		w.Pass(time.Hour)
		if n := w.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}

func TestRecreateNeverMixesVersions(t *testing.T) {
	d := deployment(3, "1", "1")
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	rollouts(t, d, func(w world) {
		w.ready(3)
		held := w.set("nginx")
		pods, err := w.Kube.CoreV1().Pods("ns").List(w.Context(), metav1.ListOptions{})
		w.must(err)
		straggler := pods.Items[0]
		straggler.Name, straggler.UID = "straggler", "straggler"
		straggler.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		straggler.Finalizers = []string{"hold/it"}
		w.must(w.Kube.Tracker().Add(&straggler))
		w.Settle()

		w.change(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "httpd" })
		if sets := w.sets(); len(sets) != 1 || *sets[0].Spec.Replicas != 0 || sets[0].Name != held.Name {
			t.Fatalf("the new version must wait for the last old pod: %v", sets)
		}
		w.must(w.Kube.CoreV1().Pods("ns").Delete(w.Context(), "straggler", metav1.DeleteOptions{}))
		w.Settle()
		if rs := w.set("httpd"); *rs.Spec.Replicas != 3 {
			t.Errorf("the new version has %d pods", *rs.Spec.Replicas)
		}
	})
}

func TestPauseScaleResume(t *testing.T) {
	rollouts(t, deployment(2, "1", "0"), func(w world) {
		w.ready(2)
		w.change(func(d *appsv1.Deployment) { d.Spec.Paused = true; d.Spec.Template.Spec.Containers[0].Image = "httpd" })
		w.expectProgress(corev1.ConditionUnknown, reasonPaused)
		if len(w.sets()) != 1 {
			t.Error("a paused Deployment rolls nothing out")
		}
		four := int32(4)
		w.change(func(d *appsv1.Deployment) { d.Spec.Replicas = &four })
		if rs := w.set("nginx"); *rs.Spec.Replicas != 4 {
			t.Errorf("a paused Deployment scales; it has %d", *rs.Spec.Replicas)
		}
		w.ready(2)
		w.change(func(d *appsv1.Deployment) { d.Spec.Paused = false })
		for range 12 {
			w.ready(1)
		}
		if rs := w.set("httpd"); *rs.Spec.Replicas != 4 {
			t.Errorf("after it was resumed: %d", *rs.Spec.Replicas)
		}
		w.expectProgress(corev1.ConditionTrue, reasonAvailable)
	})
}

func TestProgressDeadlineIsReportedByItself(t *testing.T) {
	rollouts(t, deployment(2, "1", "0"), func(w world) {
		w.Pass(11 * time.Minute)
		w.expectProgress(corev1.ConditionFalse, reasonTimedOut)
		w.ready(2)
		w.expectProgress(corev1.ConditionTrue, reasonAvailable)
	})
}

func TestHistoryIsTrimmed(t *testing.T) {
	rollouts(t, deployment(1, "1", "1"), func(w world) {
		for _, image := range []string{"a", "b", "c", "d", "e"} {
			w.change(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image })
			for range 3 {
				w.ready(1)
			}
		}
		if n := len(w.sets()); n != 3 {
			t.Errorf("%d ReplicaSets, want the current one and 2 of history", n)
		}
	})
}

func TestTakenName(t *testing.T) {
	d := deployment(1, "1", "1")
	taken := newSet(d, nil)
	taken.OwnerReferences = nil
	taken.Labels = map[string]string{"else": "where"}
	taken.Spec.Template.Spec.Containers[0].Image = "other"
	controllertest.Run(t, []runtime.Object{d, taken}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		w := world{t, c}
		if n := w.get().Status.CollisionCount; n == nil || *n != 1 {
			t.Errorf("collisions %v", n)
		}
		if w.set("nginx").Name == taken.Name {
			t.Error("took over a foreign ReplicaSet")
		}
	})
}
