package cri

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/lifecycle"
)

func ptr[T any](v T) *T { return &v }

func pod(change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u", Labels: map[string]string{"app": "x"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "img", Ports: []corev1.ContainerPort{{ContainerPort: 80, HostPort: 8080, Protocol: "UDP"}}}}}}
	if change != nil {
		change(p)
	}
	return p
}

func TestSandboxNamesAndPorts(t *testing.T) {
	s := Sandbox(pod(nil), SandboxOptions{Attempt: 2, Hostname: "h"})
	if s.Metadata.Attempt != 2 || s.Labels[LabelPodUID] != "u" || s.Labels[LabelPodName] != "p" || s.Labels["app"] != "x" || s.Hostname != "h" {
		t.Errorf("%v", s)
	}
	if m := s.PortMappings; len(m) != 1 || m[0].HostPort != 8080 || m[0].Protocol != runtimeapi.Protocol_UDP {
		t.Errorf("ports: %v", m)
	}
	hosted := Sandbox(pod(func(p *corev1.Pod) { p.Spec.HostNetwork, p.Spec.HostPID = true, true }), SandboxOptions{})
	ns := hosted.Linux.SecurityContext.NamespaceOptions
	if ns.Network != runtimeapi.NamespaceMode_NODE || ns.Pid != runtimeapi.NamespaceMode_NODE || len(hosted.PortMappings) != 0 {
		t.Errorf("%v, %v", ns, hosted.PortMappings)
	}
}

func TestContainerIsRecognisedAgain(t *testing.T) {
	p := pod(func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = ptr(int64(7)) })
	c := Container(p, &p.Spec.Containers[0], ContainerOptions{Attempt: 3})
	if c.LogPath != "c/3.log" {
		t.Errorf("log path %s", c.LogPath)
	}
	seen := toContainer(&runtimeapi.ContainerStatus{Id: "id", Metadata: c.Metadata, Annotations: c.Annotations,
		State: runtimeapi.ContainerState_CONTAINER_EXITED, Image: c.Image, ExitCode: 1}, "s")
	if seen.Attempt != 3 || seen.Hash != Hash(&p.Spec.Containers[0]) || seen.Image != "img" || *seen.Grace != 7 || seen.State != lifecycle.Exited {
		t.Errorf("%+v", seen)
	}
}

func TestSecurity(t *testing.T) {
	p := pod(func(p *corev1.Pod) {
		p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: ptr(int64(1000)), FSGroup: ptr(int64(5)), SupplementalGroups: []int64{6},
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}}
		p.Spec.ShareProcessNamespace = ptr(true)
		p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: ptr(int64(2000)), RunAsGroup: ptr(int64(3)),
			AllowPrivilegeEscalation: ptr(false), ReadOnlyRootFilesystem: ptr(true), ProcMount: ptr(corev1.UnmaskedProcMount),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	})
	s := security(p, &p.Spec.Containers[0], ContainerOptions{})
	if s.RunAsUser.Value != 2000 || s.RunAsGroup.Value != 3 || !s.NoNewPrivs || !s.ReadonlyRootfs || len(s.MaskedPaths) != 0 ||
		s.Capabilities.DropCapabilities[0] != "ALL" || s.NamespaceOptions.Pid != runtimeapi.NamespaceMode_POD ||
		s.Seccomp.ProfileType != runtimeapi.SecurityProfile_RuntimeDefault {
		t.Errorf("%v", s)
	}
	if len(s.SupplementalGroups) != 2 || s.SupplementalGroups[0] != 6 || s.SupplementalGroups[1] != 5 {
		t.Errorf("groups %v", s.SupplementalGroups)
	}
	plain := pod(nil)
	if d := security(plain, &plain.Spec.Containers[0], ContainerOptions{}); d.Seccomp.ProfileType != runtimeapi.SecurityProfile_Unconfined || len(d.MaskedPaths) == 0 {
		t.Errorf("by default: %v", d)
	}
	local := seccomp(&corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: ptr("a/b.json")}, "/root")
	if local.LocalhostRef != "/root/a/b.json" {
		t.Errorf("%v", local)
	}
}

func TestVerifyNonRoot(t *testing.T) {
	for _, c := range []struct {
		runAs, image *int64
		name, want   string
	}{
		{nil, ptr(int64(0)), "", "image will run as root"},
		{nil, nil, "www", "non-numeric user (www)"},
		{nil, ptr(int64(5)), "", ""},
		{ptr(int64(0)), ptr(int64(5)), "", "runAsUser breaks non-root policy"},
		{ptr(int64(9)), ptr(int64(0)), "", ""},
	} {
		p := pod(func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr(true), RunAsUser: c.runAs}
		})
		err := VerifyNonRoot(p, &p.Spec.Containers[0], c.image, c.name)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	p := pod(nil)
	if err := VerifyNonRoot(p, &p.Spec.Containers[0], ptr(int64(0)), ""); err != nil {
		t.Errorf("nobody asked: %v", err)
	}
}

func TestOOMScore(t *testing.T) {
	for _, c := range []struct {
		class   corev1.PodQOSClass
		request string
		want    int64
	}{
		{corev1.PodQOSGuaranteed, "1Gi", -997},
		{corev1.PodQOSBestEffort, "0", 1000},
		{corev1.PodQOSBurstable, "0", 999},
		{corev1.PodQOSBurstable, "2Gi", 500},
		{corev1.PodQOSBurstable, "4Gi", 3},
	} {
		p := pod(func(p *corev1.Pod) { p.Status.QOSClass = c.class })
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(c.request)}
		if got := oomScore(p, &p.Spec.Containers[0], 4<<30); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.class, c.request, got, c.want)
		}
	}
}
