package admission

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
	"skiff/internal/api/core"
	"skiff/internal/apiserver/testreader"
)

func TestServiceAccount(t *testing.T) {
	account := &corev1.ServiceAccount{ObjectMeta: named("team", "default"), ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}}}
	no := false
	quiet := &corev1.ServiceAccount{ObjectMeta: named("team", "quiet"), AutomountServiceAccountToken: &no}
	p := ServiceAccount{testreader.New(account, quiet)}

	pod := newPod("team", "p")
	pod.Spec.InitContainers = []corev1.Container{{Name: "i", VolumeMounts: []corev1.VolumeMount{{Name: "own", MountPath: tokenMountPath}}}}
	pass(t, p, create(core.Pod, pod))
	if pod.Spec.ServiceAccountName != "default" || pod.Spec.DeprecatedServiceAccount != "default" || pod.Spec.ImagePullSecrets[0].Name != "pull" {
		t.Errorf("%+v", pod.Spec)
	}
	if len(pod.Spec.Volumes) != 1 || len(pod.Spec.Volumes[0].Projected.Sources) != 3 || len(pod.Spec.InitContainers[0].VolumeMounts) != 1 {
		t.Fatalf("volumes %+v, mounts of the init container %v", pod.Spec.Volumes, pod.Spec.InitContainers[0].VolumeMounts)
	}
	mount := pod.Spec.Containers[0].VolumeMounts[0]
	if mount.Name != pod.Spec.Volumes[0].Name || !strings.HasPrefix(mount.Name, "kube-api-access-") || !mount.ReadOnly || mount.MountPath != tokenMountPath {
		t.Errorf("mount %+v", mount)
	}
	pass(t, p, create(core.Pod, pod))
	if len(pod.Spec.Volumes) != 1 || len(pod.Spec.Containers[0].VolumeMounts) != 1 {
		t.Error("a second pass mounts again")
	}

	other := newPod("team", "p")
	other.Spec.ServiceAccountName = "quiet"
	pass(t, p, create(core.Pod, other))
	if len(other.Spec.Volumes) != 0 {
		t.Error("a token is mounted though the account wants none")
	}
	missing := newPod("team", "p")
	missing.Spec.ServiceAccountName = "nobody"
	refuse(t, p, create(core.Pod, missing), `error looking up service account team/nobody: serviceaccount "nobody" not found`)
}

func TestMirrorPodsUseNothingOfTheServer(t *testing.T) {
	for _, tt := range []struct{ spec, want string }{
		{"containers: [{name: c}]", ""},
		{"serviceAccountName: default, imagePullSecrets: [{name: s}]", "a mirror pod may not reference service accounts"},
		{"imagePullSecrets: [{name: s}], volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t}}]}}]", "a mirror pod may not reference secrets"},
		{"containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]", "a mirror pod may not reference secrets"},
		{"volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t}}]}}]", "a mirror pod may not use ServiceAccountToken volume projections"},
	} {
		pod := podOf(t, tt.spec)
		pod.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		judged(t, ServiceAccount{testreader.New()}, create(core.Pod, pod), tt.want)
	}
}

func TestAccountsThatInsistOnTheirSecrets(t *testing.T) {
	account := func(name, insists string) *corev1.ServiceAccount {
		const text = "automountServiceAccountToken: false, secrets: [{name: mine}], imagePullSecrets: [{name: pull}]"
		return apitest.Parse(t, core.ServiceAccount, `{metadata: {namespace: team, name: `+name+`, annotations: {kubernetes.io/enforce-mountable-secrets: "`+insists+`"}}, `+text+`}`).(*corev1.ServiceAccount)
	}
	p := ServiceAccount{testreader.New(account("default", "1"), account("lax", "false"), account("unclear", "yes"))}
	const env, envFrom = "env: [{name: V, valueFrom: {secretKeyRef: {name: %, key: k}}}]", "envFrom: [{configMapRef: {name: other}}, {secretRef: {name: %}}]"
	const secret = " is not allowed because service account default does not reference that secret"
	for _, tt := range []struct{ spec, want string }{
		{"containers: [{name: c, image: i}]", ""},
		{"volumes: [{name: v, secret: {secretName: %}}]", `volume with secret.secretName="other"` + secret},
		{"volumes: [{name: v, projected: {sources: [{secret: {name: %}}]}}]", ""},
		{"initContainers: [{name: i, " + env + "}]", `init container i with envVar V referencing secret.secretName="other"` + secret},
		{"initContainers: [{name: i, " + envFrom + "}], containers: [{name: c, " + env + "}]", `init container i with envFrom referencing secret.secretName="other"` + secret},
		{"containers: [{name: c, " + env + ", " + envFrom + "}]", `container c with envVar V referencing secret.secretName="other"` + secret},
		{"containers: [{name: c, " + envFrom + "}]", `container c with envFrom referencing secret.secretName="other"` + secret},
		{"imagePullSecrets: [{name: pull}, {name: %}]", `imagePullSecrets[1].name="other" is not allowed because service account default does not reference that imagePullSecret`},
	} {
		for _, name := range []string{"lax", "unclear"} {
			judged(t, p, create(core.Pod, podOf(t, "serviceAccountName: "+name+", "+strings.ReplaceAll(tt.spec, "%", "other"))), "")
		}
		judged(t, p, create(core.Pod, podOf(t, strings.ReplaceAll(tt.spec, "%", "other"))), tt.want)
		own := strings.ReplaceAll(strings.ReplaceAll(tt.spec, ", {name: %}", ""), "%", "mine")
		judged(t, p, create(core.Pod, podOf(t, own)), "")
	}

	const insisting = "serviceAccountName: default, containers: [{name: c, envFrom: [{secretRef: {name: other}}]}], "
	for spec, want := range map[string]string{
		insisting + "ephemeralContainers: [{name: e, " + env + "}]":     `ephemeral container e with envVar V referencing secret.secretName="other"` + secret,
		insisting + "ephemeralContainers: [{name: e, " + envFrom + "}]": `ephemeral container e with envFrom referencing secret.secretName="other"` + secret,
		insisting: "",
		"serviceAccountName: lax, ephemeralContainers: [{name: e, " + env + "}]": "",
		"serviceAccountName: gone": `error looking up service account team/gone: serviceaccount "gone" not found`,
	} {
		pod := podOf(t, strings.ReplaceAll(spec, "%", "other"))
		judged(t, p, changed(core.Pod, "ephemeralcontainers", pod, pod), want)
		judged(t, p, changed(core.Pod, "", pod, pod), "")
	}
}
