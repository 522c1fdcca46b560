package job

import (
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func job(change ...func(*batchv1.JobSpec)) *batchv1.Job {
	app, one, limit := map[string]string{batchv1.ControllerUidLabel: "j-uid"}, int32(1), int32(6)
	j := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "j", UID: "j-uid"},
		Spec: batchv1.JobSpec{
			Parallelism: &one, Completions: &one, BackoffLimit: &limit,
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "c", Image: "i"}}},
			},
		},
	}
	for _, f := range change {
		f(&j.Spec)
	}
	return j
}

func sized(parallelism, completions int32) func(*batchv1.JobSpec) {
	return func(s *batchv1.JobSpec) { s.Parallelism, s.Completions = &parallelism, &completions }
}

func byIndex(s *batchv1.JobSpec) { s.CompletionMode = new(batchv1.IndexedCompletion) }

// world is a running controller and its Job.
type world struct {
	*controllertest.Cluster
	t *testing.T
}

func run(t *testing.T, j *batchv1.Job, test func(w world)) {
	t.Helper()
	controllertest.Run(t, []runtime.Object{j}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		test(world{c, t})
	})
}

func (w world) job() *batchv1.Job {
	w.t.Helper()
	j, err := w.Kube.BatchV1().Jobs("ns").Get(w.t.Context(), "j", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// active returns the pods that have not ended, in the order of their names.
func (w world) active() (out []corev1.Pod) {
	w.t.Helper()
	l, err := w.Kube.CoreV1().Pods("ns").List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range l.Items {
		if p.Status.Phase == "" {
			out = append(out, p)
		}
	}
	return out
}

func (w world) end(p corev1.Pod, phase corev1.PodPhase, exit int32) {
	w.t.Helper()
	p.Status.Phase = phase
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: exit, FinishedAt: metav1.Now()},
	}}}
	if _, err := w.Kube.CoreV1().Pods("ns").UpdateStatus(w.t.Context(), &p, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
}

func (w world) update(change func(*batchv1.Job)) {
	w.t.Helper()
	j := w.job()
	change(j)
	if _, err := w.Kube.BatchV1().Jobs("ns").Update(w.t.Context(), j, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
}

// conditions is "Complete=CompletionsReached ..." of those that hold.
func (w world) conditions() string {
	var out []string
	for _, c := range w.job().Status.Conditions {
		if c.Status == corev1.ConditionTrue {
			out = append(out, string(c.Type)+"="+c.Reason)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (w world) idle() {
	w.t.Helper()
	before := w.Writes()
	w.Pass(time.Hour)
	if n := w.Writes() - before; n != 0 {
		w.t.Errorf("%d writes in an idle hour", n)
	}
}

func TestCompletes(t *testing.T) {
	run(t, job(sized(2, 3)), func(w world) {
		first := w.active()
		if len(first) != 2 || !tracked(&first[0]) {
			t.Fatalf("pods %v", first)
		}
		if s := w.job().Status; s.Active != 2 || s.StartTime == nil {
			t.Errorf("status %+v", s)
		}
		w.idle()
		w.end(first[0], corev1.PodSucceeded, 0)
		if got := w.active(); len(got) != 2 {
			t.Fatalf("%d pods after one success, want 2", len(got))
		}
		for _, p := range w.active() {
			w.end(p, corev1.PodSucceeded, 0)
		}
		s := w.job().Status
		if s.Succeeded != 3 || s.Active != 0 || s.CompletionTime == nil || len(s.UncountedTerminatedPods.Succeeded) != 0 {
			t.Errorf("status %+v", s)
		}
		if got := w.conditions(); got != "Complete=CompletionsReached SuccessCriteriaMet=CompletionsReached" {
			t.Errorf("conditions %s", got)
		}
		l, _ := w.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
		for _, p := range l.Items {
			if tracked(&p) {
				t.Errorf("%s still has the finalizer", p.Name)
			}
		}
		e := w.NextEvents()
		if e[len(e)-1] != "Normal Completed Job completed" || !strings.HasPrefix(e[0], "Normal SuccessfulCreate Created pod: j-") {
			t.Errorf("events %q", e)
		}
		w.idle()
	})
}

func TestBacksOffAndFails(t *testing.T) {
	run(t, job(func(s *batchv1.JobSpec) { s.BackoffLimit = new(int32(1)) }), func(w world) {
		w.end(w.active()[0], corev1.PodFailed, 1)
		if n := len(w.active()); n != 0 {
			t.Fatalf("%d pods at once after a failure", n)
		}
		w.Pass(10 * time.Second)
		again := w.active()
		if len(again) != 1 {
			t.Fatalf("%d pods 10 s after a failure", len(again))
		}
		w.end(again[0], corev1.PodFailed, 1)
		if got := w.conditions(); got != "FailureTarget=BackoffLimitExceeded Failed=BackoffLimitExceeded" && got != "Failed=BackoffLimitExceeded FailureTarget=BackoffLimitExceeded" {
			t.Errorf("conditions %s", got)
		}
		if s := w.job().Status; s.Failed != 2 || s.Active != 0 {
			t.Errorf("status %+v", s)
		}
		if e := w.NextEvents(); e[len(e)-1] != "Warning BackoffLimitExceeded Job has reached the specified backoff limit" {
			t.Errorf("events %q", e)
		}
		w.idle()
	})
}

func TestDeadline(t *testing.T) {
	run(t, job(func(s *batchv1.JobSpec) { s.ActiveDeadlineSeconds = new(int64(60)) }), func(w world) {
		w.Pass(61 * time.Second)
		if got := w.conditions(); got != "Failed=DeadlineExceeded FailureTarget=DeadlineExceeded" {
			t.Errorf("conditions %s", got)
		}
		if n := len(w.active()); n != 0 {
			t.Errorf("%d pods outlive the deadline", n)
		}
	})
}

func TestSuspendAndResume(t *testing.T) {
	run(t, job(sized(2, 2)), func(w world) {
		begun := w.job().Status.StartTime
		w.update(func(j *batchv1.Job) { j.Spec.Suspend = new(true) })
		if s := w.job().Status; len(w.active()) != 0 || s.Active != 0 || s.Failed != 0 || w.conditions() != "Suspended=JobSuspended" {
			t.Errorf("suspended: %d pods, %+v", len(w.active()), s)
		}
		w.idle()
		w.update(func(j *batchv1.Job) { j.Spec.Suspend = new(false) })
		if s := w.job().Status; len(w.active()) != 2 || !begun.Before(s.StartTime) || w.conditions() != "" {
			t.Errorf("resumed: %d pods, %+v", len(w.active()), s)
		}
		e := w.NextEvents()
		if !slices.Contains(e, "Normal Suspended Job suspended") || !slices.Contains(e, "Normal Resumed Job resumed") {
			t.Errorf("events %q", e)
		}
	})
}

func TestScalesDown(t *testing.T) {
	run(t, job(sized(5, 10)), func(w world) {
		w.update(func(j *batchv1.Job) { j.Spec.Parallelism = new(int32(2)) })
		if s := w.job().Status; len(w.active()) != 2 || s.Active != 2 || s.Failed != 0 {
			t.Errorf("%d pods, %+v", len(w.active()), s)
		}
	})
}

func TestIndexed(t *testing.T) {
	run(t, job(sized(3, 5), byIndex), func(w world) {
		pods := w.active()
		if len(pods) != 3 {
			t.Fatalf("%d pods", len(pods))
		}
		var seen []string
		for _, p := range pods {
			seen = append(seen, p.Annotations[batchv1.JobCompletionIndexAnnotation])
			if p.Spec.Hostname != "j-"+seen[len(seen)-1] || !strings.HasPrefix(p.Name, p.Spec.Hostname+"-") || p.Spec.Containers[0].Env[0].Name != indexVariable {
				t.Errorf("pod %s: host %s, env %v", p.Name, p.Spec.Hostname, p.Spec.Containers[0].Env)
			}
		}
		if slices.Sort(seen); !slices.Equal(seen, []string{"0", "1", "2"}) {
			t.Errorf("indexes %v", seen)
		}
		for len(w.active()) > 0 {
			w.end(w.active()[0], corev1.PodSucceeded, 0)
		}
		if s := w.job().Status; s.CompletedIndexes != "0-4" || s.Succeeded != 5 || !Finished(w.job()) {
			t.Errorf("status %+v", s)
		}
	})
}

func TestFailedIndexes(t *testing.T) {
	limited := func(s *batchv1.JobSpec) { s.BackoffLimitPerIndex, s.BackoffLimit = new(int32(0)), new(int32(1000)) }
	run(t, job(sized(2, 2), byIndex, limited), func(w world) {
		for _, p := range w.active() {
			if p.Annotations[batchv1.JobCompletionIndexAnnotation] == "1" {
				w.end(p, corev1.PodFailed, 1)
			}
		}
		if s := w.job().Status; *s.FailedIndexes != "1" || Finished(w.job()) {
			t.Errorf("status %+v", s)
		}
		w.Pass(time.Minute)
		if n := len(w.active()); n != 1 {
			t.Errorf("%d pods, want that of index 0 alone", n)
		}
		w.end(w.active()[0], corev1.PodSucceeded, 0)
		if got := w.conditions(); got != "Failed=FailedIndexes FailureTarget=FailedIndexes" {
			t.Errorf("conditions %s", got)
		}
	})
}

func TestPodFailurePolicy(t *testing.T) {
	policy := func(s *batchv1.JobSpec) {
		s.PodReplacementPolicy = new(batchv1.Failed)
		s.PodFailurePolicy = &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
			{Action: batchv1.PodFailurePolicyActionIgnore, OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}},
			{Action: batchv1.PodFailurePolicyActionFailJob, OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{42}}},
		}}
	}
	run(t, job(policy), func(w world) {
		p := w.active()[0]
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}
		w.end(p, corev1.PodFailed, 137)
		w.Pass(10 * time.Second)
		if s := w.job().Status; s.Failed != 0 || len(w.active()) != 1 {
			t.Fatalf("a disrupted pod counts: %+v, %d pods", s, len(w.active()))
		}
		p = w.active()[0]
		w.end(p, corev1.PodFailed, 42)
		c := condition(w.job(), batchv1.JobFailed)
		want := "Container c for pod ns/" + p.Name + " failed with exit code 42 matching FailJob rule at index 1"
		if c == nil || c.Reason != "PodFailurePolicy" || c.Message != want {
			t.Errorf("condition %+v, want %s", c, want)
		}
	})
}

func TestWorkQueue(t *testing.T) {
	run(t, job(func(s *batchv1.JobSpec) { s.Parallelism, s.Completions = new(int32(2)), nil }), func(w world) {
		pods := w.active()
		w.end(pods[0], corev1.PodSucceeded, 0)
		if len(w.active()) != 1 || Finished(w.job()) {
			t.Errorf("after the first success: %d pods, finished %v", len(w.active()), Finished(w.job()))
		}
		w.end(pods[1], corev1.PodSucceeded, 0)
		if !Finished(w.job()) || w.job().Status.Succeeded != 2 {
			t.Errorf("status %+v", w.job().Status)
		}
	})
}

func TestPodsOfADeletedJobAreFreed(t *testing.T) {
	run(t, job(), func(w world) {
		p := w.active()[0]
		if err := w.Kube.BatchV1().Jobs("ns").Delete(t.Context(), "j", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		after, err := w.Kube.CoreV1().Pods("ns").Get(t.Context(), p.Name, metav1.GetOptions{})
		if err != nil || tracked(after) {
			t.Errorf("finalizers %v, %v", after.Finalizers, err)
		}
	})
}

// TestCountsOnce goes through the two steps of counting a pod, and repeats
// each, as a crash in between would.
func TestCountsOnce(t *testing.T) {
	j := job(sized(1, 5))
	p := newPod(j, -1, 0)
	p.Name, p.UID, p.Status.Phase = "p", "p-uid", corev1.PodFailed
	owned := []*corev1.Pod{p}
	for range 2 {
		n := count(j, owned)
		if n.failed != 1 || n.settledFailed != 0 || len(n.uncounted.Failed) != 1 || len(n.release) != 1 {
			t.Fatalf("before the finalizer goes: %+v", n)
		}
		j.Status.UncountedTerminatedPods = &n.uncounted
	}
	p.Finalizers = nil
	n := count(j, owned)
	if n.failed != 1 || n.settledFailed != 1 || len(n.uncounted.Failed) != 0 {
		t.Fatalf("when it is gone: %+v", n)
	}
	j.Status = batchv1.JobStatus{Failed: 1, UncountedTerminatedPods: &n.uncounted}
	if n := count(j, owned); n.failed != 1 {
		t.Errorf("counted again: %+v", n)
	}
}

func TestIndexText(t *testing.T) {
	for text, want := range map[string]string{"": "", "0": "0", "0,1": "0,1", "0-2,5": "0-2,5", "1,2,3,7-20": "1-3,7-9"} {
		if got := parseIndexes(text, 10).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestBackoffGrows(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	pod := func(phase corev1.PodPhase, ago time.Duration) *corev1.Pod {
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
			{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: metav1.NewTime(now.Add(-ago))}}},
		}}}
	}
	list := []*corev1.Pod{pod(corev1.PodFailed, time.Second), pod(corev1.PodFailed, time.Minute), pod(corev1.PodFailed, time.Hour)}
	if got := backoff(list, now); got != 39*time.Second {
		t.Errorf("after three failures: %v", got)
	}
	list = append(list, pod(corev1.PodSucceeded, 2*time.Second))
	if got := backoff(list, now); got != 9*time.Second {
		t.Errorf("after a success and a failure: %v", got)
	}
	for range 20 {
		list = append(list, pod(corev1.PodFailed, 0))
	}
	if got := backoff(list, now); got != lastBackoff {
		t.Errorf("after many: %v", got)
	}
}
