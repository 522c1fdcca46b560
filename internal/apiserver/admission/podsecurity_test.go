package admission

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/api/apps"
	"skiff/internal/api/core"
	"skiff/internal/apiserver/testreader"
)

const securityLabel = "pod-security.kubernetes.io/"

func labelled(name string, labels map[string]string) *corev1.Namespace {
	n := namespace(name)
	n.Labels = map[string]string{}
	for k, v := range labels {
		n.Labels[securityLabel+k] = v
	}
	return n
}

func privilegedPod(name string) *corev1.Pod {
	p := newPod("team", name)
	p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: ptr.To(true)}
	return p
}

func TestPodSecurity(t *testing.T) {
	var warned []string
	warn := func(text string) { warned = append(warned, text) }
	p := PodSecurity{Reader: testreader.New(labelled("team", map[string]string{"enforce": "baseline", "warn": "restricted", "warn-version": "v1.20"}))}
	refuse(t, p, create(core.Pod, privilegedPod("p")),
		`pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)`)

	plain := create(core.Pod, newPod("team", "plain"))
	plain.Warn = warn
	pass(t, p, plain)
	deployment := &appsv1.Deployment{ObjectMeta: named("team", "d")}
	deployment.Spec.Template.Spec = privilegedPod("x").Spec
	workload := create(apps.Deployment, deployment)
	workload.Warn = warn
	pass(t, p, workload)
	const rest = `allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ` +
		`runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ` +
		`seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`
	want := []string{`would violate PodSecurity "restricted:v1.20": ` + rest,
		`would violate PodSecurity "restricted:v1.20": privileged (container "c" must not set securityContext.privileged=true), ` + rest}
	if !slices.Equal(warned, want) {
		t.Errorf("got %q\nwant %q", warned, want)
	}

	labels := create(core.Pod, privilegedPod("p"))
	labels.Operation, labels.Old = Update, privilegedPod("p")
	pass(t, p, labels) // what is there already stays
	labels.Object.(*corev1.Pod).Spec.Containers[0].Image = "other"
	refuse(t, p, labels, "violates PodSecurity")
	debugged := create(core.Pod, privilegedPod("p"))
	debugged.Operation, debugged.Old, debugged.Subresource = Update, privilegedPod("p"), "ephemeralcontainers"
	debugged.Object.(*corev1.Pod).Annotations = map[string]string{"a": "b"}
	pass(t, p, debugged)
	ephemeral := []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "e", Image: "i"}}}
	debugged.Object.(*corev1.Pod).Spec.EphemeralContainers = ephemeral
	refuse(t, p, debugged, "violates PodSecurity")
	debugged.Old.(*corev1.Pod).Spec.EphemeralContainers = ephemeral
	pass(t, p, debugged)
	begun := create(core.Pod, privilegedPod("p"))
	begun.Operation, begun.Old = Update, privilegedPod("p")
	begun.Object.(*corev1.Pod).Spec.InitContainers = []corev1.Container{{Name: "i"}}
	refuse(t, p, begun, "violates PodSecurity")
	status := create(core.Pod, privilegedPod("p"))
	status.Operation, status.Subresource = Update, "status"
	pass(t, p, status)
}

func TestPodSecurityLabels(t *testing.T) {
	p := PodSecurity{Reader: testreader.New(privilegedPod("a"), privilegedPod("b"), privilegedPod("c"), newPod("team", "good"))}
	refuse(t, p, create(core.Namespace, labelled("x", map[string]string{"enforce": "strict"})),
		`Namespace "x" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`)
	var warned []string
	stricter := create(core.Namespace, labelled("team", map[string]string{"enforce": "baseline"}))
	stricter.Operation, stricter.Old, stricter.Warn = Update, labelled("team", nil), func(text string) { warned = append(warned, text) }
	pass(t, p, stricter)
	want := []string{`existing pods in namespace "team" violate the new PodSecurity enforce level "baseline:latest"`, "a (and 2 other pods): privileged"}
	if !slices.Equal(warned, want) {
		t.Errorf("%q", warned)
	}
	warned = nil
	stricter.Object, stricter.Old = stricter.Old, stricter.Object
	pass(t, p, stricter)
	if len(warned) > 0 {
		t.Errorf("laxer labels warn: %q", warned)
	}
}
