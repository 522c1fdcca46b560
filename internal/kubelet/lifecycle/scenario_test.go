package lifecycle

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the scenarios")

// TestScenarios plays the files in testdata. Each is a list of
//
//	command arguments
//	----
//	what it prints
//
// blocks, separated by empty lines. The commands are those of play.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { scenario(t, file) })
	}
}

func scenario(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	var out []string
	for _, block := range strings.Split(strings.TrimSpace(string(b)), "\n\n") {
		head, want, ok := strings.Cut(block+"\n", "----\n")
		if !ok { // a comment
			out = append(out, strings.TrimSpace(block)+"\n")
			continue
		}
		var got strings.Builder
		for _, command := range strings.Split(strings.TrimSpace(head), "\n") {
			if !strings.HasPrefix(command, "#") {
				got.WriteString(w.play(t, strings.Fields(command)))
			}
		}
		if got.String() != want && !*rewrite {
			t.Errorf("%s\n got:\n%swant:\n%s", head, got.String(), want)
		}
		out = append(out, head+"----\n"+got.String())
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// world is a pod, a runtime that does as it is told, and a clock.
type world struct {
	now    time.Time
	in     Input
	probes map[string]Health
	posted corev1.PodStatus
	runs   int
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), probes: map[string]Health{}}
	w.in = Input{Memory: NewMemory(), Probes: w.probes, HostIPs: []string{"192.0.2.1"},
		Pod:    &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u"}, Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways}},
		Synced: func(corev1.PodStatus) bool { return true },
	}
	return w
}

// play performs one command:
//
//	pod [never|onfailure] [main=a] [init=b] [sidecar=c] [deadline=30] [gate=g]   define the pod
//	debug NAME [TARGET]         an ephemeral container is added to the pod
//	do                          decide, and begin what is to be done
//	ok KEY... | fail KEY REASON what an action that was begun comes to
//	all                         do, and let everything succeed, until nothing is left to do
//	exit NAME CODE              a container ends
//	probe NAME ready|started|liveness|startup|unready|deaf|listens
//	sandbox lost                the sandbox dies, with all in it
//	wait DURATION               time passes
//	delete GRACE | gone | forget  the object is being deleted; is gone; the kubelet starts anew
//	status | conditions         what is reported
func (w *world) play(t *testing.T, words []string) string {
	t.Helper()
	args := words[1:]
	switch words[0] {
	case "pod":
		w.define(t, args)
	case "debug":
		e := corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: args[0], Image: "img-" + args[0]}}
		e.TargetContainerName = strings.Join(args[1:], "")
		w.in.Pod.Spec.EphemeralContainers = append(w.in.Pod.Spec.EphemeralContainers, e)
	case "do":
		return w.do()
	case "ok":
		for _, key := range args {
			w.end(t, key, Result{})
		}
	case "fail":
		w.end(t, args[0], Result{Failure: &Failure{args[1], "it failed"}})
	case "all":
		return w.all(t)
	case "exit":
		w.exit(args[0], args[1])
	case "probe":
		w.probe(args[0], args[1])
	case "sandbox":
		w.in.Observed.Sandboxes[0].Ready = false
		for i := range w.in.Observed.Containers {
			if c := &w.in.Observed.Containers[i]; c.State == Running {
				c.State, c.ExitCode, c.Reason, c.Finished = Exited, 137, "Error", w.now
			}
		}
	case "wait":
		d, err := time.ParseDuration(args[0])
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(d)
	case "delete":
		var grace int64
		fmt.Sscan(args[0], &grace)
		w.in.Pod.DeletionTimestamp = &metav1.Time{Time: w.now.Add(time.Duration(grace) * time.Second)}
		w.in.Pod.DeletionGracePeriodSeconds = &grace
	case "gone":
		w.in.Gone = true
	case "forget":
		w.in.Memory = NewMemory()
	case "status":
		return w.status()
	case "conditions":
		return w.conditions()
	default:
		t.Fatalf("unknown command %v", words)
	}
	return ""
}

func (w *world) define(t *testing.T, args []string) {
	t.Helper()
	always := corev1.ContainerRestartPolicyAlways
	spec := &w.in.Pod.Spec
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		c := corev1.Container{Name: value, Image: "img-" + value}
		switch key {
		case "never":
			spec.RestartPolicy = corev1.RestartPolicyNever
		case "onfailure":
			spec.RestartPolicy = corev1.RestartPolicyOnFailure
		case "main":
			name, probes, _ := strings.Cut(value, ":")
			c.Name, c.Image = name, "img-"+name
			if strings.Contains(probes, "ready") {
				c.ReadinessProbe = &corev1.Probe{}
			}
			if strings.Contains(probes, "live") {
				c.LivenessProbe = &corev1.Probe{}
			}
			if strings.Contains(probes, "start") {
				c.StartupProbe = &corev1.Probe{}
			}
			spec.Containers = append(spec.Containers, c)
		case "init":
			spec.InitContainers = append(spec.InitContainers, c)
		case "sidecar":
			c.RestartPolicy = &always
			spec.InitContainers = append(spec.InitContainers, c)
		case "deadline":
			var s int64
			fmt.Sscan(value, &s)
			spec.ActiveDeadlineSeconds = &s
		case "gate":
			spec.ReadinessGates = append(spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: corev1.PodConditionType(value)})
		default:
			t.Fatalf("unknown word %q", a)
		}
	}
}

// decide decides; what is reported becomes what the API has.
func (w *world) decide() Decision {
	w.in.Now = w.now
	d := Decide(w.in)
	w.in.Pod.Status = d.Status
	return d
}

func (w *world) do() string {
	d := w.decide()
	var out strings.Builder
	for _, a := range d.Actions {
		w.begin(a)
		out.WriteString(show(a) + "\n")
	}
	if d.Done {
		out.WriteString("done\n")
	}
	if !d.Wake.IsZero() {
		fmt.Fprintf(&out, "wake in %v\n", d.Wake.Sub(w.now))
	}
	return out.String()
}

func (w *world) begin(a Action) {
	var previous time.Time
	if a.Kind == StartContainer && a.ID == "" {
		if last := w.in.Observed.NewestIn(a.SandboxID, a.Container); last != nil {
			previous = last.Finished
		}
	}
	w.in.Memory.Begin(a, previous, w.now)
}

func show(a Action) string {
	s := a.Key()
	if a.Kind == StartContainer || a.Kind == RunSandbox {
		s += fmt.Sprintf(" attempt %d", a.Attempt)
	}
	if a.TargetID != "" {
		s += " into " + a.TargetID
	}
	if a.Reason != "" {
		s += ": " + a.Reason
	}
	return s
}

func (w *world) end(t *testing.T, key string, r Result) {
	t.Helper()
	a, ok := w.in.Memory.InFlight[key]
	if !ok {
		t.Fatalf("%s was not begun; under way: %v", key, w.in.Memory.InFlight)
	}
	if r.Failure == nil {
		w.effect(a, &r)
	}
	w.in.Memory.End(a, r, w.now)
}

// effect is what an action that succeeds does to the runtime.
func (w *world) effect(a Action, r *Result) {
	o := &w.in.Observed
	switch a.Kind {
	case RunSandbox:
		s := Sandbox{ID: fmt.Sprintf("s%d", a.Attempt), Attempt: uint32(a.Attempt), Ready: true, IPs: []string{"10.244.0.2"}, Created: w.now}
		o.Sandboxes = append([]Sandbox{s}, o.Sandboxes...)
	case PullImage:
		r.Image = "sha256:x"
	case StartContainer:
		w.runs++
		c := Container{ID: fmt.Sprintf("c%d", w.runs), SandboxID: a.SandboxID, Name: a.Container, Attempt: a.Attempt, State: Running, Created: w.now, Started: w.now}
		o.Containers = append([]Container{c}, o.Containers...)
	case StopContainer:
		for i := range o.Containers {
			if c := &o.Containers[i]; c.ID == a.ID {
				c.State, c.ExitCode, c.Reason, c.Finished = Exited, 143, "Error", w.now
			}
		}
	case StopSandbox:
		for i := range o.Sandboxes {
			if o.Sandboxes[i].ID == a.ID {
				o.Sandboxes[i].Ready = false
			}
		}
	case RemoveContainer:
		for i := range o.Containers {
			if o.Containers[i].ID == a.ID {
				o.Containers = append(o.Containers[:i:i], o.Containers[i+1:]...)
				break
			}
		}
	case RemoveSandbox:
		for i := range o.Sandboxes {
			if o.Sandboxes[i].ID == a.ID {
				o.Sandboxes = append(o.Sandboxes[:i:i], o.Sandboxes[i+1:]...)
				break
			}
		}
	case DeletePod:
		w.in.Gone = true
	}
}

func (w *world) all(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for range 20 {
		out.WriteString(w.do())
		if len(w.in.Memory.InFlight) == 0 {
			return out.String()
		}
		for key := range w.in.Memory.InFlight {
			w.end(t, key, Result{})
		}
	}
	t.Fatalf("there is no end to it:\n%s", out.String())
	return ""
}

func (w *world) exit(name, code string) {
	c := w.in.Observed.Newest(name)
	fmt.Sscan(code, &c.ExitCode)
	c.State, c.Finished, c.Reason = Exited, w.now, "Error"
	if c.ExitCode == 0 {
		c.Reason = "Completed"
	}
}

func (w *world) probe(name, what string) {
	id := w.in.Observed.Newest(name).ID
	h := w.probes[id]
	switch what {
	case "ready":
		h.Ready = true
	case "unready":
		h.Ready = false
	case "deaf", "listens":
		h.Deaf = what == "deaf"
	case "started":
		h.Started = true
	default:
		h.Failed = what
	}
	w.probes[id] = h
}

func (w *world) status() string {
	w.decide()
	s := w.in.Pod.Status
	var out strings.Builder
	fmt.Fprintf(&out, "%s", s.Phase)
	if s.Reason != "" {
		fmt.Fprintf(&out, " %s", s.Reason)
	}
	if s.PodIP != "" {
		fmt.Fprintf(&out, " at %s", s.PodIP)
	}
	out.WriteString("\n")
	for _, list := range [][]corev1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses} {
		for _, c := range list {
			fmt.Fprintf(&out, "%s: %s", c.Name, state(c.State))
			if c.RestartCount > 0 {
				fmt.Fprintf(&out, ", restarts %d, last %s", c.RestartCount, state(c.LastTerminationState))
			} else if c.LastTerminationState.Terminated != nil {
				fmt.Fprintf(&out, ", last %s", state(c.LastTerminationState))
			}
			if c.Ready {
				out.WriteString(", ready")
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

func state(s corev1.ContainerState) string {
	switch {
	case s.Running != nil:
		return "running"
	case s.Waiting != nil && s.Waiting.Message != "":
		return fmt.Sprintf("%s (%s)", s.Waiting.Reason, s.Waiting.Message)
	case s.Waiting != nil:
		return s.Waiting.Reason
	case s.Terminated != nil:
		return fmt.Sprintf("%s %d", s.Terminated.Reason, s.Terminated.ExitCode)
	}
	return "none"
}

func (w *world) conditions() string {
	w.decide()
	var out strings.Builder
	for _, c := range w.in.Pod.Status.Conditions {
		fmt.Fprintf(&out, "%s %s", c.Type, c.Status)
		if c.Reason != "" {
			fmt.Fprintf(&out, " %s", c.Reason)
		}
		if c.Message != "" {
			fmt.Fprintf(&out, ": %s", c.Message)
		}
		out.WriteString("\n")
	}
	return out.String()
}
