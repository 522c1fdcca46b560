package statefulset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func set(n int32, change ...func(*appsv1.StatefulSetSpec)) *appsv1.StatefulSet {
	app := map[string]string{"app": "a"}
	s := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "web", UID: "web-uid", Generation: 1},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &n, ServiceName: "svc", Selector: &metav1.LabelSelector{MatchLabels: app},
			PodManagementPolicy: appsv1.OrderedReadyPodManagement,
			UpdateStrategy:      appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(0))}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i:1"}}},
			},
		},
	}
	for _, f := range change {
		f(&s.Spec)
	}
	return s
}

func parallel(s *appsv1.StatefulSetSpec) { s.PodManagementPolicy = appsv1.ParallelPodManagement }

func partition(n int32) func(*appsv1.StatefulSetSpec) {
	return func(s *appsv1.StatefulSetSpec) { s.UpdateStrategy.RollingUpdate.Partition = &n }
}

func ready(p *corev1.Pod, since time.Time) {
	p.Status.Phase = corev1.PodRunning
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(since)}}
}

// seen is a view of pods 0, 1, ...: "o" an old one, "n" a new one, in capitals
// when it is ready, "x" one that failed, "t" one that is going, "-" none.
func seen(s *appsv1.StatefulSet, state string) view {
	v := view{set: s, current: "old", update: "new", now: now}
	for i, word := range state {
		if word == '-' {
			continue
		}
		revision := "old"
		if strings.ContainsRune("nN", word) {
			revision = "new"
		}
		p := newPod(s, i, revision, &s.Spec.Template)
		p.UID = types.UID(p.Name)
		p.Status.Phase = corev1.PodPending
		switch word {
		case 'O', 'N':
			ready(p, now.Add(-time.Hour))
		case 'x':
			p.Status.Phase = corev1.PodFailed
		case 't':
			p.DeletionTimestamp = &metav1.Time{Time: now}
		}
		v.pods = append(v.pods, p)
	}
	return v
}

func TestDecide(t *testing.T) {
	half := func(s *appsv1.StatefulSetSpec) {
		s.UpdateStrategy.RollingUpdate.MaxUnavailable = new(intstr.FromString("50%"))
	}
	onDelete := func(s *appsv1.StatefulSetSpec) {
		s.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
	}
	for _, c := range []struct {
		set         *appsv1.StatefulSet
		state, want string
	}{
		{set(3), "", "+0"},
		{set(3), "n", ""},
		{set(3), "N", "+1"},
		{set(3), "N-N", "+1"},
		{set(3), "NxN", "-1"},
		{set(3), "NtN", ""},
		{set(3, parallel), "", "+0 +1 +2"},
		{set(3, parallel), "n", "+1 +2"},
		{set(1), "NNN", "-2"},
		{set(1), "NNt", ""},
		{set(1), "NnN", "-2"},
		{set(1), "Nnn", ""}, // 1 must mend before 2 goes
		{set(1), "NNn", "-2"},
		{set(1, parallel), "NNN", "-2 -1"},
		{set(3), "OOO", "-2"},
		{set(3), "OON", "-1"},
		{set(3), "OOn", ""},
		{set(3), "NNN", ""},
		{set(3, partition(2)), "OOO", "-2"},
		{set(3, partition(2)), "OON", ""},
		{set(4, half), "OOOO", "-3 -2"},
		{set(3, onDelete), "OOO", ""},
		{set(3, parallel), "OOo", "-2"},
	} {
		do := seen(c.set, c.state).decide()
		var got []string
		for _, n := range do.create {
			got = append(got, fmt.Sprintf("+%d", n))
		}
		for _, p := range do.remove {
			got = append(got, fmt.Sprintf("-%d", ordinalOf(c.set, p)))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%d of %q: %q, want %q", *c.set.Spec.Replicas, c.state, text, c.want)
		}
	}
	if v := seen(set(3, partition(2)), ""); v.revisionFor(1) != "old" || v.revisionFor(2) != "new" {
		t.Error("what is below the partition comes back old")
	}
}

func TestStatus(t *testing.T) {
	s, _ := seen(set(3), "OON").status(nil)
	if s.Replicas != 3 || s.ReadyReplicas != 3 || s.CurrentReplicas != 2 || s.UpdatedReplicas != 1 || s.CurrentRevision != "old" {
		t.Errorf("in between: %+v", s)
	}
	s, _ = seen(set(3), "NNN").status(nil)
	if s.CurrentRevision != "new" || s.CurrentReplicas != 3 {
		t.Errorf("when done: %+v", s)
	}
}

func TestOrdinal(t *testing.T) {
	for name, want := range map[string]int{"web-0": 0, "web-12": 12, "web-01": -1, "web-x": -1, "other-1": -1, "web--1": -1} {
		if got := ordinalOf(set(1), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

func names(t *testing.T, c *controllertest.Cluster) (out []string) {
	l, err := c.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range l.Items {
		out = append(out, p.Name+"="+p.Spec.Containers[0].Image)
	}
	slices.Sort(out)
	return out
}

// grow makes pods ready until nothing more happens.
func grow(t *testing.T, c *controllertest.Cluster) {
	for moved := true; moved; {
		moved = false
		l, err := c.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range l.Items {
			if p.Status.Phase != corev1.PodRunning {
				ready(&p, time.Now())
				if _, err := c.Kube.CoreV1().Pods("ns").UpdateStatus(t.Context(), &p, metav1.UpdateOptions{}); err != nil {
					t.Fatal(err)
				}
				moved = true
			}
		}
		c.Settle()
	}
}

func start(c *controllertest.Cluster) {
	c.Start(func(f *client.Informers) (controllertest.Runner, error) {
		return New(c.Kube, f, c.Events)
	})
}

func TestLife(t *testing.T) {
	storage := func(s *appsv1.StatefulSetSpec) {
		s.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}}
	}
	controllertest.Run(t, []runtime.Object{set(3, storage)}, func(t *testing.T, c *controllertest.Cluster) {
		start(c)
		if got := names(t, c); !slices.Equal(got, []string{"web-0=i:1"}) {
			t.Fatalf("at first %v", got)
		}
		grow(t, c)
		if got := names(t, c); len(got) != 3 {
			t.Fatalf("in the end %v", got)
		}
		p, err := c.Kube.CoreV1().Pods("ns").Get(t.Context(), "web-1", metav1.GetOptions{})
		if err != nil || p.Spec.Hostname != "web-1" || p.Spec.Subdomain != "svc" || p.Labels[appsv1.StatefulSetPodNameLabel] != "web-1" ||
			p.Labels[appsv1.PodIndexLabel] != "1" || p.Spec.Volumes[0].PersistentVolumeClaim.ClaimName != "data-web-1" {
			t.Errorf("web-1 %+v, %v", p, err)
		}
		claims, _ := c.Kube.CoreV1().PersistentVolumeClaims("ns").List(t.Context(), metav1.ListOptions{})
		if len(claims.Items) != 3 || claims.Items[0].Labels["app"] != "a" {
			t.Errorf("claims %+v", claims.Items)
		}
		get := func() *appsv1.StatefulSet {
			s, err := c.Kube.AppsV1().StatefulSets("ns").Get(t.Context(), "web", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := get().Status; s.ReadyReplicas != 3 || s.CurrentRevision != s.UpdateRevision || s.AvailableReplicas != 3 {
			t.Errorf("status %+v", s)
		}
		if e := c.NextEvents(); !slices.Contains(e, "Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful") ||
			!slices.Contains(e, "Normal SuccessfulCreate create Claim data-web-0 Pod web-0 in StatefulSet web success") {
			t.Errorf("events %q", e)
		}
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}

		s := get()
		s.Spec.Template.Spec.Containers[0].Image = "i:2"
		if _, err := c.Kube.AppsV1().StatefulSets("ns").Update(t.Context(), s, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if got := names(t, c); !slices.Equal(got, []string{"web-0=i:1", "web-1=i:1", "web-2=i:2"}) {
			t.Errorf("the update begins with %v", got)
		}
		grow(t, c)
		if got := names(t, c); !slices.Equal(got, []string{"web-0=i:2", "web-1=i:2", "web-2=i:2"}) {
			t.Errorf("the update ends with %v", got)
		}
		if s := get().Status; s.CurrentRevision != s.UpdateRevision || s.UpdatedReplicas != 3 {
			t.Errorf("status %+v", s)
		}

		s = get()
		s.Spec.Replicas = new(int32(1))
		s.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: appsv1.DeletePersistentVolumeClaimRetentionPolicyType}
		if _, err := c.Kube.AppsV1().StatefulSets("ns").Update(t.Context(), s, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if got := names(t, c); !slices.Equal(got, []string{"web-0=i:2"}) {
			t.Errorf("scaled down to %v", got)
		}
		claim, err := c.Kube.CoreV1().PersistentVolumeClaims("ns").Get(t.Context(), "data-web-2", metav1.GetOptions{})
		if err != nil || len(claim.OwnerReferences) != 1 || claim.OwnerReferences[0].Kind != "Pod" {
			t.Errorf("claim of a condemned pod: %+v, %v", claim.OwnerReferences, err)
		}
	})
}
