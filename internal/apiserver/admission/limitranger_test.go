package admission

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
	"skiff/internal/api/core"
	"skiff/internal/apiserver/testreader"
)

// ranger bounds the namespace "team" by LimitRanges with these limits.
func ranger(t *testing.T, limits ...string) LimitRanger {
	t.Helper()
	reader := testreader.New()
	for i, text := range limits {
		l := apitest.Parse(t, core.LimitRange, "{spec: {limits: ["+text+"]}}")
		l.SetNamespace("team")
		l.SetName(string(rune('a' + i)))
		reader.Put(l)
	}
	return LimitRanger{reader}
}

// podOf is a pod of "team" with that spec.
func podOf(t *testing.T, spec string) *corev1.Pod {
	t.Helper()
	return apitest.Parse(t, core.Pod, "{metadata: {namespace: team, name: p}, spec: {"+spec+"}}").(*corev1.Pod)
}

func changed(r *api.Resource, subresource string, obj, old api.Object) *Request {
	out := create(r, obj)
	out.Operation, out.Subresource, out.Old = Update, subresource, old
	return out
}

// judged compares the whole refusal with want; "" is none.
func judged(t *testing.T, p Plugin, r *Request, want string) {
	t.Helper()
	got := ""
	if err := run(t.Context(), p, r); err != nil {
		got = err.Error()
	}
	if want != "" {
		want = r.Resource.Plural + ` "p" is forbidden: ` + want
	}
	if got != want {
		t.Errorf("%s\n got %s\nwant %s", p.Name(), got, want)
	}
}

func TestLimitDefaults(t *testing.T) {
	const spec = `initContainers: [{name: i, resources: {limits: {cpu: 200m}}}], containers: [{name: c, resources: {requests: {memory: 1Mi}}}, {name: d}]`
	const item = `{type: Container, default: {cpu: 500m, memory: 2Mi}, defaultRequest: {memory: 1Mi, cpu: 100m}}`
	p := ranger(t, item+", {type: Pod, max: {memory: 1Gi}}")
	pod := podOf(t, spec)
	pass(t, p, create(core.Pod, pod))
	const all = "{limits: {cpu: 500m, memory: 2Mi}, requests: {cpu: 100m, memory: 1Mi}}"
	apitest.Same(t, pod.Spec, `{initContainers: [{name: i, resources: {limits: {cpu: 200m, memory: 2Mi}, requests: {cpu: 100m, memory: 1Mi}}}],
		containers: [{name: c, resources: `+all+`}, {name: d, resources: `+all+`}]}`)
	want := "LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c; cpu, memory request for container d; " +
		"cpu, memory limit for container d; cpu, memory request for init container i; memory limit for init container i"
	if got := pod.Annotations["kubernetes.io/limit-ranger"]; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	pod = podOf(t, spec)
	pass(t, p, changed(core.Pod, "resize", pod, podOf(t, spec)))
	if pod.Annotations != nil || len(pod.Spec.Containers[1].Resources.Limits) != 2 {
		t.Errorf("a resize made %v, %v", pod.Annotations, pod.Spec.Containers[1].Resources)
	}
	pod = podOf(t, spec)
	pass(t, p, changed(core.Pod, "", pod, podOf(t, spec)))
	pass(t, ranger(t, "{type: Container, max: {}}"), create(core.Pod, pod))
	if pod.Annotations != nil || pod.Spec.Containers[1].Resources.Limits != nil {
		t.Errorf("%v, %v", pod.Annotations, pod.Spec.Containers[1].Resources)
	}
}

func TestLimitsOfContainers(t *testing.T) {
	one := func(resources string) string { return "containers: [{name: c, resources: {" + resources + "}}]" }
	for _, tt := range []struct{ item, spec, want string }{
		{"min: {cpu: 100m}", one("requests: {cpu: 100m}, limits: {cpu: 100m}"), ""},
		{"min: {cpu: 100m}", one("requests: {memory: 1}"), "minimum cpu usage per Container is 100m.  No request is specified"},
		{"min: {cpu: 100m}", one("requests: {cpu: 99m}, limits: {cpu: 98m}"), "minimum cpu usage per Container is 100m, but request is 99m"},
		{"min: {cpu: 100m}", one("requests: {cpu: 100m}, limits: {cpu: 99m}"), "minimum cpu usage per Container is 100m, but limit is 99m"},
		{"max: {cpu: 1}", one("limits: {cpu: 1}"), ""},
		{"max: {cpu: 1}", one("requests: {cpu: 2}"), "maximum cpu usage per Container is 1.  No limit is specified"},
		{"max: {cpu: 1}", one("requests: {cpu: 3}, limits: {cpu: 1001m}"), "maximum cpu usage per Container is 1, but limit is 1001m"},
		{"max: {cpu: 1}", one("requests: {cpu: 3}, limits: {cpu: 1}"), "maximum cpu usage per Container is 1, but request is 3"},
		{"maxLimitRequestRatio: {cpu: 3}", one("requests: {cpu: 300m}, limits: {cpu: 900m}"), ""},
		{"maxLimitRequestRatio: {cpu: 1500m}", one("requests: {cpu: 2}, limits: {cpu: 3}"), ""},
		{"maxLimitRequestRatio: {cpu: 1500m}", one("requests: {cpu: 2}, limits: {cpu: 3001m}"), "cpu max limit to request ratio per Container is 1500m, but provided ratio is 1.500500"},
		{"maxLimitRequestRatio: {memory: 2}", one("requests: {memory: 1Ei}, limits: {memory: 3Ei}"), "memory max limit to request ratio per Container is 2, but provided ratio is 3.000000"},
		{"maxLimitRequestRatio: {cpu: 2}", one("limits: {cpu: 1}"), "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0"},
		{"maxLimitRequestRatio: {cpu: 2}", one("requests: {cpu: 1}, limits: {cpu: 0}"), "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0"},
		{"max: {memory: 1, cpu: 1}, min: {memory: 1, cpu: 1}", one("requests: {cpu: 0, memory: 0}, limits: {cpu: 2, memory: 2}"),
			"[minimum cpu usage per Container is 1, but request is 0, minimum memory usage per Container is 1, but request is 0, " +
				"maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1, but limit is 2]"},
		{"max: {cpu: 1}", `initContainers: [{name: i, resources: {limits: {cpu: 3}}}], containers: [{name: c, resources: {limits: {cpu: 2}}}]`,
			"[maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Container is 1, but limit is 3]"},
		{"max: {cpu: 1}", `containers: [{name: c, resources: {limits: {cpu: 2}}}, {name: d, resources: {limits: {cpu: 2}}}]`,
			"maximum cpu usage per Container is 1, but limit is 2"}, // what is said twice is said once
	} {
		p := ranger(t, "{type: Container, "+tt.item+"}")
		judged(t, p, create(core.Pod, podOf(t, tt.spec)), tt.want)
		judged(t, p, changed(core.Pod, "resize", podOf(t, tt.spec), newPod("team", "p")), tt.want)
		judged(t, p, changed(core.Pod, "", podOf(t, tt.spec), newPod("team", "p")), "")
		judged(t, p, changed(core.Pod, "status", podOf(t, tt.spec), newPod("team", "p")), "")
	}
}

func TestLimitsOfPods(t *testing.T) {
	const pair = "containers: [{name: c, resources: {requests: {cpu: 1}, limits: {cpu: 1}}}, {name: d, resources: {requests: {cpu: 1}, limits: {cpu: 1}}}]"
	const too = "maximum cpu usage per Pod is 2, but limit is "
	for _, tt := range []struct{ spec, want string }{
		{pair, ""},
		{pair + ", overhead: {cpu: 1}", ""},
		{pair + ", initContainers: [{name: i, resources: {limits: {cpu: 2}}}]", ""},
		{pair + ", initContainers: [{name: i, resources: {limits: {cpu: 3}}}]", too + "3"},
		{pair + ", initContainers: [{name: i, restartPolicy: Always, resources: {limits: {cpu: 1}}}]", too + "3"},
		{pair + ", resources: {limits: {cpu: 5}}", too + "5"},
		{"containers: [{name: c, resources: {limits: {cpu: 4}}}], resources: {limits: {cpu: 2}}", ""},
		{"containers: [{name: c}]", "maximum cpu usage per Pod is 2.  No limit is specified"},
	} {
		judged(t, ranger(t, "{type: Pod, max: {cpu: 2}}"), create(core.Pod, podOf(t, tt.spec)), tt.want)
	}
	judged(t, ranger(t, "{type: Pod, min: {cpu: 3}, maxLimitRequestRatio: {cpu: 1}}"), create(core.Pod, podOf(t, pair)), "minimum cpu usage per Pod is 3, but request is 2")
}

func TestEachLimitRangeSpeaksForItself(t *testing.T) {
	p := ranger(t, "{type: Container, max: {cpu: 2}}", "{type: Container, max: {cpu: 1}, min: {cpu: 1}}", "{type: Container, max: {cpu: 1m}}")
	judged(t, p, create(core.Pod, podOf(t, "containers: [{name: c, resources: {requests: {cpu: 900m}, limits: {cpu: 1500m}}}]")),
		"[minimum cpu usage per Container is 1, but request is 900m, maximum cpu usage per Container is 1, but limit is 1500m]")
	other := newPod("elsewhere", "p")
	pass(t, p, create(core.Pod, other))
}

func TestLimitsOfClaims(t *testing.T) {
	p := ranger(t, "{type: PersistentVolumeClaim, min: {storage: 1Gi}, max: {storage: 2Gi}, maxLimitRequestRatio: {storage: 1}}, {type: Pod, max: {storage: 1}}")
	claim := func(resources string) *corev1.PersistentVolumeClaim {
		return apitest.Parse(t, core.PersistentVolumeClaim, "{metadata: {namespace: team, name: p}, spec: {resources: {"+resources+"}}}").(*corev1.PersistentVolumeClaim)
	}
	for _, tt := range []struct{ resources, want string }{
		{"requests: {storage: 1Gi}", ""},
		{"requests: {storage: 2Gi}, limits: {storage: 9Gi}", ""},
		{"requests: {storage: 1Mi}", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi"},
		{"requests: {storage: 3Gi}", "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"},
		{"", "[minimum storage usage per PersistentVolumeClaim is 1Gi.  No request is specified, maximum storage usage per PersistentVolumeClaim is 2Gi.  No request is specified]"},
	} {
		old := claim("requests: {storage: 1Gi}")
		judged(t, p, create(core.PersistentVolumeClaim, claim(tt.resources)), tt.want)
		judged(t, p, changed(core.PersistentVolumeClaim, "", claim(tt.resources), old), tt.want)
		judged(t, p, changed(core.PersistentVolumeClaim, "status", claim(tt.resources), old), "")
		old.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		judged(t, p, changed(core.PersistentVolumeClaim, "", claim(tt.resources), old), "")
	}
}
