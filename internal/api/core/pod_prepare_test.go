package core

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"skiff/internal/api/apitest"
)

func TestPodGated(t *testing.T) {
	o := apitest.Created(t, Pod, `{metadata: {name: p}, spec: {schedulingGates: [{name: a/b}], containers: [{name: c, image: i}]}}`).(*corev1.Pod)
	c := condition(o, corev1.PodScheduled)
	if c == nil || c.Status != corev1.ConditionFalse || c.Reason != "SchedulingGated" || c.Message != "Scheduling is blocked due to non-empty scheduling gates" || c.LastTransitionTime.IsZero() {
		t.Errorf("conditions %v", o.Status.Conditions)
	}
	if got := Pod.Row(o)[2]; got != "SchedulingGated" {
		t.Errorf("status %v", got)
	}
}

func TestInitAnnotationsGo(t *testing.T) {
	const pod = `{metadata: {name: p, annotations: {a: b, pod.alpha.kubernetes.io/init-containers: x, pod.beta.kubernetes.io/init-containers: x, pod.alpha.kubernetes.io/init-container-statuses: x, pod.beta.kubernetes.io/init-container-statuses: x}}}`
	o := apitest.Parse(t, Pod, pod)
	Pod.PrepareUpdate(o, apitest.Parse(t, Pod, `{}`))
	for _, o := range []interface{ GetAnnotations() map[string]string }{apitest.Created(t, Pod, pod), o} {
		if m := o.GetAnnotations(); len(m) != 1 || m["a"] != "b" {
			t.Errorf("%v", m)
		}
	}
}

func TestPodUpdateKeepsStatus(t *testing.T) {
	o, old := apitest.Parse(t, Pod, `{status: {phase: Failed}}`), apitest.Parse(t, Pod, `{status: {phase: Running}}`)
	if Pod.PrepareUpdate(o, old); o.(*corev1.Pod).Status.Phase != corev1.PodRunning {
		t.Errorf("%+v", o)
	}
}

const appArmor = "container.apparmor.security.beta.kubernetes.io/a"

func TestAppArmorAnnotations(t *testing.T) {
	const plain = `containers: [{name: a, image: i}]`
	const deprecated = "metadata.annotations[" + appArmor + `]: deprecated since v1.30; use the "appArmorProfile" field instead`
	for name, tt := range map[string]struct {
		annotation, spec, want string
		warned                 bool
	}{
		"default":                 {`runtime/default`, plain, `{appArmorProfile: {type: RuntimeDefault}}`, true},
		"none":                    {`unconfined`, plain, `{appArmorProfile: {type: Unconfined}}`, true},
		"one's own":               {`localhost/x`, plain, `{appArmorProfile: {type: Localhost, localhostProfile: x}}`, true},
		"no name":                 {`localhost/`, plain, `null`, true},
		"a bad name":              {`"localhost/ x"`, plain, `null`, true},
		"too long":                {`localhost/` + strings.Repeat("x", 4096), plain, `null`, true},
		"unknown":                 {`odd`, plain, `null`, true},
		"what the pod says":       {`unconfined`, plain + `, securityContext: {appArmorProfile: {type: Unconfined}}`, `null`, false},
		"not what the pod says":   {`unconfined`, plain + `, securityContext: {appArmorProfile: {type: RuntimeDefault}}`, `{appArmorProfile: {type: Unconfined}}`, true},
		"what the container says": {`unconfined`, `containers: [{name: a, image: i, securityContext: {appArmorProfile: {type: Unconfined}}}]`, `{appArmorProfile: {type: Unconfined}}`, true},
		"beside other things":     {`unconfined`, `containers: [{name: a, image: i, securityContext: {privileged: false}}]`, `{privileged: false, appArmorProfile: {type: Unconfined}}`, true},
		"an init container":       {`unconfined`, `initContainers: [{name: a, image: i}], containers: []`, `{appArmorProfile: {type: Unconfined}}`, true},
		"Windows":                 {`unconfined`, plain + `, os: {name: windows}`, `null`, false},
		"of another container":    {`unconfined`, `containers: [{name: b, image: i}]`, `null`, false},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{metadata: {name: p, annotations: {` + appArmor + `: ` + tt.annotation + `}}, spec: {` + tt.spec + `}}`
			want := ""
			if tt.warned {
				want = deprecated
			}
			o := apitest.Created(t, Pod, text).(*corev1.Pod)
			if got := strings.Join(Pod.Warnings(o), " "); got != want {
				t.Errorf("warned of %q", got)
			}
			apitest.Same(t, append(o.Spec.InitContainers, o.Spec.Containers...)[0].SecurityContext, tt.want)
		})
	}
}

func TestPodWarnings(t *testing.T) {
	const want = "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"
	for text, want := range map[string]string{
		`{metadata: {name: p}}`:   "",
		`{metadata: {name: p.q}}`: want,
	} {
		o := apitest.Created(t, Pod, text)
		if got := strings.Join(Pod.Warnings(o), " "); got != want {
			t.Errorf("%s: %s", text, got)
		}
		if got := Pod.UpdateWarnings(o, o); len(got) > 0 {
			t.Errorf("%s, on update: %s", text, got)
		}
	}
}

// What is stored is shared by all who read it.
func TestPodUpdateLeavesTheStoredOneAlone(t *testing.T) {
	const pod = `{metadata: {name: p, annotations: {a: b}}, spec: {resources: {requests: {cpu: 1}}, containers: [{name: a, image: i}]}, status: {conditions: [{type: Ready}]}}`
	old := apitest.Parse(t, Pod, pod).(*corev1.Pod)
	was := old.DeepCopy()
	o := apitest.Parse(t, Pod, `{metadata: {name: p}, spec: {resources: {requests: {memory: 1}}}, status: {qosClass: Burstable, conditions: [{type: Ready, observedGeneration: 9}]}}`)
	Pod.PrepareUpdate(o, old)
	if !equality.Semantic.DeepEqual(old, was) {
		t.Errorf("%+v", old)
	}
}
