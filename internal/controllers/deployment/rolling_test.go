package deployment

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func deployment(replicas int32, surge, unavailable string) *appsv1.Deployment {
	s, u := intstr.Parse(surge), intstr.Parse(unavailable)
	app, deadline, history := map[string]string{"app": "a"}, int32(600), int32(2)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "d", UID: "d-uid", Generation: 1, Annotations: map[string]string{"note": "x"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app},
			ProgressDeadlineSeconds: &deadline, RevisionHistoryLimit: &history,
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &s, MaxUnavailable: &u},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
			},
		},
	}
}

// rs makes a ReplicaSet; the later in the alphabet its name, the younger it is.
func rs(name string, size, available int32) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.Unix(int64(name[0]), 0)},
		Spec:       appsv1.ReplicaSetSpec{Replicas: &size},
		Status:     appsv1.ReplicaSetStatus{Replicas: size, AvailableReplicas: available},
	}
}

func show(sizes []resize) (s string) {
	for _, r := range sizes {
		s += fmt.Sprintf("%s:%d ", r.set.Name, r.to)
	}
	return s
}

func TestFenceposts(t *testing.T) {
	for _, c := range []struct {
		replicas           int32
		surge, unavailable string
		s, u               int32
	}{
		{10, "25%", "25%", 3, 2}, {1, "25%", "25%", 1, 0}, {4, "0", "0", 0, 1}, {3, "0", "10%", 0, 1}, {5, "2", "3", 2, 3},
	} {
		if s, u := fenceposts(deployment(c.replicas, c.surge, c.unavailable)); s != c.s || u != c.u {
			t.Errorf("%+v: got %d, %d", c, s, u)
		}
	}
}

func TestNewSize(t *testing.T) {
	for _, c := range []struct {
		want, now, old, to int32
		surge              string
	}{
		{10, 0, 0, 10, "0"}, {10, 0, 10, 0, "0"}, {10, 0, 10, 2, "2"}, {10, 4, 6, 6, "2"}, {10, 9, 1, 10, "5"},
		{10, 12, 0, 10, "0"}, {10, 0, 20, 0, "2"},
	} {
		d := deployment(c.want, c.surge, "1")
		if got := newSize(d, rs("n", c.now, 0), []*appsv1.ReplicaSet{rs("o", c.old, 0)}); got != c.to {
			t.Errorf("%+v: got %d", c, got)
		}
	}
}

func TestShrinkOld(t *testing.T) {
	for name, c := range map[string]struct {
		unavailable string
		current     *appsv1.ReplicaSet
		old         []*appsv1.ReplicaSet
		want        string
	}{
		"nothing to spare":             {"0", rs("n", 2, 0), []*appsv1.ReplicaSet{rs("o", 10, 10)}, ""},
		"unavailable ones go first":    {"0", rs("n", 2, 2), []*appsv1.ReplicaSet{rs("a", 5, 5), rs("b", 5, 3)}, "b:3 "},
		"then the oldest":              {"2", rs("n", 2, 2), []*appsv1.ReplicaSet{rs("b", 5, 5), rs("a", 5, 5)}, "a:1 "},
		"as many as are replaced":      {"0", rs("n", 10, 10), []*appsv1.ReplicaSet{rs("o", 3, 3)}, "o:0 "},
		"a broken old version is gone": {"3", rs("n", 3, 0), []*appsv1.ReplicaSet{rs("o", 10, 0)}, "o:7 "},
	} {
		if got := show(shrinkOld(deployment(10, "2", c.unavailable), c.current, c.old)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestRescaleInProportion(t *testing.T) {
	sized := func(r *appsv1.ReplicaSet, most string) *appsv1.ReplicaSet {
		r.Annotations = map[string]string{maxAnnotation: most, desiredAnnotation: "0"}
		return r
	}
	for name, c := range map[string]struct {
		d       *appsv1.Deployment
		current *appsv1.ReplicaSet
		old     []*appsv1.ReplicaSet
		want    string
	}{
		"only one":        {deployment(5, "1", "1"), rs("n", 3, 3), nil, "n:5 "},
		"none has pods":   {deployment(5, "1", "1"), nil, []*appsv1.ReplicaSet{rs("a", 0, 0), rs("b", 0, 0)}, "b:5 "},
		"doubled midway":  {deployment(20, "0", "1"), sized(rs("n", 4, 0), "10"), []*appsv1.ReplicaSet{sized(rs("o", 6, 6), "10")}, "o:12 n:8 "},
		"halved midway":   {deployment(5, "0", "1"), sized(rs("n", 4, 0), "10"), []*appsv1.ReplicaSet{sized(rs("o", 6, 6), "10")}, "o:3 n:2 "},
		"to zero midway":  {deployment(0, "0", "1"), sized(rs("n", 4, 0), "10"), []*appsv1.ReplicaSet{sized(rs("o", 6, 6), "10")}, "o:0 n:0 "},
		"the newer first": {deployment(11, "0", "1"), sized(rs("n", 5, 0), "10"), []*appsv1.ReplicaSet{sized(rs("a", 5, 5), "10")}, "n:6 a:5 "},
	} {
		if got := show(rescale(c.d, c.current, c.old)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestTemplateHash(t *testing.T) {
	d := deployment(1, "1", "1")
	one, two := int32(1), int32(2)
	hashes := map[string]bool{}
	for _, c := range []*int32{nil, &one, &two} {
		hashes[templateHash(&d.Spec.Template, c)] = true
	}
	d.Spec.Template.Spec.Containers[0].Image = "httpd"
	hashes[templateHash(&d.Spec.Template, nil)] = true
	if len(hashes) != 4 {
		t.Errorf("hashes are not distinct: %v", hashes)
	}
	again := deployment(1, "1", "1")
	if !hashes[templateHash(&again.Spec.Template, nil)] {
		t.Error("the hash is not stable")
	}
}

func TestRevisionHistory(t *testing.T) {
	d := deployment(1, "1", "1")
	r := rs("n", 1, 1)
	if !annotate(r, d, 1) || r.Annotations[revisionAnnotation] != "1" || r.Annotations["note"] != "x" {
		t.Errorf("got %v", r.Annotations)
	}
	if annotate(r, d, 1) {
		t.Error("nothing changed")
	}
	annotate(r, d, 3)
	annotate(r, d, 5)
	if r.Annotations[revisionAnnotation] != "5" || r.Annotations[historyAnnotation] != "1,3" {
		t.Errorf("got %v", r.Annotations)
	}
	annotate(r, d, 2)
	if r.Annotations[revisionAnnotation] != "5" {
		t.Error("a revision never falls")
	}
	long := ""
	for range 2000 {
		long = remember(long, "12345")
	}
	if len(long) > maxHistory || len(long) < maxHistory-10 {
		t.Errorf("history of %d characters", len(long))
	}
}

func TestExpired(t *testing.T) {
	d := deployment(1, "1", "1")
	var old []*appsv1.ReplicaSet
	for i, name := range []string{"e", "d", "c", "b"} {
		r := rs(name, 0, 0)
		r.Annotations = map[string]string{revisionAnnotation: fmt.Sprint(i + 1)}
		old = append(old, r)
	}
	old[0].Status.Replicas = 1
	got := expired(d, old)
	if len(got) != 1 || got[0].Name != "d" {
		t.Errorf("got %v, want d: e still has a pod, c and b are within the limit", got)
	}
	d.Spec.RevisionHistoryLimit = nil
	if len(expired(d, old)) != 0 {
		t.Error("no limit")
	}
}

func TestProgressDeadline(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := deployment(2, "1", "1")
	setCondition(&d.Status, appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonCreated, "", now)
	current := rs("n", 2, 0)
	current.Status.Replicas = 0

	s := rolloutStatus(d, current, nil, now.Add(9*time.Minute))
	if c := condition(s, appsv1.DeploymentProgressing); c.Reason != reasonCreated {
		t.Errorf("after 9 minutes: %v", c)
	}
	if in := untilTimeOut(d, s, now.Add(9*time.Minute)); in != time.Minute+time.Second {
		t.Errorf("times out in %v", in)
	}
	s = rolloutStatus(d, current, nil, now.Add(11*time.Minute))
	c := condition(s, appsv1.DeploymentProgressing)
	if c.Reason != reasonTimedOut || c.Status != corev1.ConditionFalse || c.Message != `ReplicaSet "n" has timed out progressing.` {
		t.Errorf("after 11 minutes: %v", c)
	}
	d.Status = s
	if in := untilTimeOut(d, s, now); in != 0 {
		t.Errorf("what timed out needs no timer, got %v", in)
	}
	current.Status.Replicas, current.Status.AvailableReplicas = 2, 2
	s = rolloutStatus(d, current, nil, now.Add(12*time.Minute))
	if c := condition(s, appsv1.DeploymentProgressing); c.Reason == reasonTimedOut {
		t.Errorf("recovered, but %v", c)
	}
}
