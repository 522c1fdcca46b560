package cronjob

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

func cronJob(change ...func(*batchv1.CronJobSpec)) *batchv1.CronJob {
	cj := &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "cj", UID: "cj-uid"},
		Spec: batchv1.CronJobSpec{
			Schedule: "*/10 * * * *", ConcurrencyPolicy: batchv1.AllowConcurrent, TimeZone: new("Etc/UTC"),
			SuccessfulJobsHistoryLimit: new(int32(3)), FailedJobsHistoryLimit: new(int32(1)),
			JobTemplate: batchv1.JobTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}},
		},
	}
	for _, f := range change {
		f(&cj.Spec)
	}
	return cj
}

type world struct {
	*controllertest.Cluster
	t *testing.T
}

// run starts at midnight.
func run(t *testing.T, cj *batchv1.CronJob, test func(world)) {
	t.Helper()
	controllertest.Run(t, []runtime.Object{cj}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		test(world{c, t})
	})
}

func (w world) jobs() (active, done []batchv1.Job) {
	w.t.Helper()
	l, err := w.Kube.BatchV1().Jobs("ns").List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, j := range l.Items {
		if end(&j) == "" {
			active = append(active, j)
		} else {
			done = append(done, j)
		}
	}
	return active, done
}

func (w world) end(j batchv1.Job, how batchv1.JobConditionType) {
	w.t.Helper()
	j.Status.Conditions = []batchv1.JobCondition{{Type: how, Status: corev1.ConditionTrue}}
	j.Status.CompletionTime = &metav1.Time{Time: time.Now()}
	if _, err := w.Kube.BatchV1().Jobs("ns").UpdateStatus(w.t.Context(), &j, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
}

func (w world) status() batchv1.CronJobStatus {
	w.t.Helper()
	cj, err := w.Kube.BatchV1().CronJobs("ns").Get(w.t.Context(), "cj", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return cj.Status
}

func TestStartsInTimeAndForgetsOldOnes(t *testing.T) {
	run(t, cronJob(), func(w world) {
		w.Pass(9 * time.Minute)
		if active, _ := w.jobs(); len(active) != 0 || w.Writes() != 0 {
			t.Fatalf("%d jobs, %d writes before the time", len(active), w.Writes())
		}
		w.Pass(time.Minute)
		active, _ := w.jobs()
		if len(active) != 1 || len(w.status().Active) != 1 {
			t.Fatalf("%d jobs when the time has come, status %+v", len(active), w.status())
		}
		j := active[0]
		if j.Name != "cj-15778090" || j.Labels["a"] != "b" || j.Annotations[batchv1.CronJobScheduledTimestampAnnotation] != "2000-01-01T00:10:00Z" || !metav1.IsControlledBy(&j, cronJob()) {
			t.Errorf("job %+v", j.ObjectMeta)
		}
		w.end(j, batchv1.JobComplete)
		if s := w.status(); len(s.Active) != 0 || s.LastSuccessfulTime == nil || s.LastScheduleTime == nil {
			t.Errorf("status %+v", s)
		}
		for range 5 {
			w.Pass(10 * time.Minute)
			active, _ := w.jobs()
			w.end(active[0], batchv1.JobComplete)
		}
		if _, done := w.jobs(); len(done) != 3 {
			t.Errorf("%d finished jobs are kept, want 3", len(done))
		}
		e := w.NextEvents()
		for _, want := range []string{
			"Normal SuccessfulCreate Created job cj-15778090",
			"Normal SawCompletedJob Saw completed job: cj-15778090, condition: Complete",
			"Normal SuccessfulDelete Deleted job cj-15778090",
		} {
			if !slices.Contains(e, want) {
				t.Errorf("no event %q in %q", want, e)
			}
		}
	})
}

func TestConcurrency(t *testing.T) {
	for policy, want := range map[batchv1.ConcurrencyPolicy]struct {
		active int
		event  string
	}{
		batchv1.AllowConcurrent:   {2, "Normal SuccessfulCreate Created job cj-15778100"},
		batchv1.ForbidConcurrent:  {1, "Normal JobAlreadyActive Not starting job because"},
		batchv1.ReplaceConcurrent: {1, "Normal SuccessfulDelete Deleted job cj-15778090"},
	} {
		run(t, cronJob(func(s *batchv1.CronJobSpec) { s.ConcurrencyPolicy = policy }), func(w world) {
			w.Pass(20 * time.Minute)
			active, _ := w.jobs()
			if len(active) != want.active || len(w.status().Active) != want.active {
				t.Errorf("%s: %d jobs, status %+v", policy, len(active), w.status())
			}
			if e := w.NextEvents(); !slices.ContainsFunc(e, func(s string) bool { return strings.HasPrefix(s, want.event) }) {
				t.Errorf("%s: events %q", policy, e)
			}
			if policy == batchv1.ForbidConcurrent {
				w.end(active[0], batchv1.JobFailed)
				if active, _ := w.jobs(); len(active) != 1 || active[0].Name != "cj-15778100" {
					t.Error("what was held back does not start when it may")
				}
			}
		})
	}
}

func TestSuspendedOnesRest(t *testing.T) {
	run(t, cronJob(func(s *batchv1.CronJobSpec) { s.Suspend = new(true) }), func(w world) {
		w.Pass(24 * time.Hour)
		if w.Writes() != 0 {
			t.Errorf("%d writes", w.Writes())
		}
	})
}

func TestMissedTimes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	late := cronJob(func(s *batchv1.CronJobSpec) { s.StartingDeadlineSeconds = new(int64(60)) })
	late.CreationTimestamp = metav1.NewTime(now.Add(-time.Hour))
	if do := decide(late, nil, now); do.start != nil {
		t.Errorf("started %s after its deadline", do.start.Name)
	}
	long := cronJob()
	long.CreationTimestamp = metav1.NewTime(now.AddDate(-1, 0, 0))
	do := decide(long, nil, now)
	if do.start == nil || do.status.LastScheduleTime.Format("15:04") != "03:00" || do.events[0].reason != "TooManyMissedTimes" {
		t.Errorf("after a year: %+v", do)
	}
	if do.again != 5*time.Minute+55*time.Second {
		t.Errorf("again in %v", do.again)
	}
}

func TestTimeZone(t *testing.T) {
	now := time.Date(2026, 7, 1, 7, 0, 30, 0, time.UTC)
	cj := cronJob(func(s *batchv1.CronJobSpec) { s.Schedule, s.TimeZone = "0 9 * * *", new("Europe/Berlin") })
	cj.CreationTimestamp = metav1.NewTime(now.Add(-time.Minute))
	if do := decide(cj, nil, now); do.start == nil || do.start.Annotations[batchv1.CronJobScheduledTimestampAnnotation] != "2026-07-01T09:00:00+02:00" {
		t.Errorf("%+v", do)
	}
	cj.Spec.TimeZone = new("Mars/Base")
	if do := decide(cj, nil, now); do.start != nil || do.events[0].reason != "UnknownTimeZone" {
		t.Errorf("%+v", do)
	}
}
