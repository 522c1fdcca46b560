package authz

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"

	"skiff/internal/api/core"
	"skiff/internal/apiserver/authn"
)

func TestNodeSeesWhatItsPodsNeed(t *testing.T) {
	s := fakeStorage{}
	pod := &corev1.Pod{ObjectMeta: named("team", "p")}
	pod.Spec = corev1.PodSpec{
		NodeName: "n1", ServiceAccountName: "builder",
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}},
		Volumes: []corev1.Volume{
			{Name: "a", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "mounted"}}},
			{Name: "b", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}}},
			}}}},
			{Name: "c", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}},
			{Name: "d", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}},
		},
		InitContainers: []corev1.Container{{EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}}},
		Containers: []corev1.Container{{Env: []corev1.EnvVar{{ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "password"}}}}}}},
	}
	volume := &corev1.PersistentVolume{ObjectMeta: named("", "pv")}
	volume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "team", Name: "data"}
	s.put(core.Pod, pod)
	s.put(core.PersistentVolume, volume)
	a := &Node{Storage: s}

	n1, n2 := authn.NewUser("system:node:n1", "system:nodes"), authn.NewUser("system:node:n2", "system:nodes")
	for _, c := range []struct{ verb, resource, name string }{
		{"get", "secrets", "pull"}, {"watch", "secrets", "mounted"}, {"list", "secrets", "password"},
		{"get", "configmaps", "settings"}, {"get", "configmaps", "kube-root-ca.crt"},
		{"get", "persistentvolumeclaims", "data"}, {"get", "persistentvolumeclaims", "p-d"},
		{"create", "serviceaccounts/token", "builder"},
	} {
		expect(t, a, ask(n1, c.verb, "", c.resource, "team", c.name), Allow)
		if got, want := expect(t, a, ask(n2, c.verb, "", c.resource, "team", c.name), NoOpinion), "no relationship found between node 'n2' and this object"; got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
		expect(t, a, ask(n1, c.verb, "", c.resource, "other", c.name), NoOpinion)
		expect(t, a, ask(n1, "delete", "", c.resource, "team", c.name), NoOpinion)
	}
	expect(t, a, ask(n1, "list", "", "secrets", "team", ""), NoOpinion)
	expect(t, a, ask(n1, "get", "", "persistentvolumes", "", "pv"), Allow)
	expect(t, a, ask(n2, "get", "", "persistentvolumes", "", "pv"), NoOpinion)
	expect(t, a, ask(n1, "get", "", "pods", "team", "p"), Allow)
	expect(t, a, ask(n2, "get", "", "pods", "team", "p"), NoOpinion)
}

func TestNodeSeesItself(t *testing.T) {
	a := &Node{Storage: fakeStorage{}}
	n1 := authn.NewUser("system:node:n1", "system:nodes")
	for _, c := range []struct {
		verb, group, resource, namespace, name string
		want                                   Decision
	}{
		{"get", "", "nodes", "", "n1", Allow},
		{"get", "", "nodes", "", "n2", NoOpinion},
		{"list", "", "nodes", "", "", NoOpinion},
		{"create", "", "nodes", "", "", Allow},
		{"patch", "", "nodes/status", "", "n1", Allow},
		{"patch", "", "nodes/status", "", "n2", NoOpinion},
		{"delete", "", "nodes", "", "n1", NoOpinion},
		{"update", "coordination.k8s.io", "leases", "kube-node-lease", "n1", Allow},
		{"update", "coordination.k8s.io", "leases", "kube-node-lease", "n2", NoOpinion},
		{"update", "coordination.k8s.io", "leases", "default", "n1", NoOpinion},
		{"create", "storage.k8s.io", "csinodes", "", "", Allow},
		{"get", "storage.k8s.io", "csinodes", "", "n2", NoOpinion},
		{"list", "", "services", "", "", Allow},
		{"create", "", "events", "x", "", Allow},
		{"list", "apps", "deployments", "", "", NoOpinion},
		{"create", "", "pods", "x", "", Allow},
		{"patch", "", "pods/status", "x", "p", Allow},
		{"create", "", "pods/exec", "x", "p", NoOpinion},
	} {
		expect(t, a, ask(n1, c.verb, c.group, c.resource, c.namespace, c.name), c.want)
	}
	list := ask(n1, "list", "", "pods", "", "")
	expect(t, a, list, NoOpinion)
	list.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", "n1")
	expect(t, a, list, Allow)
	list.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", "n2")
	expect(t, a, list, NoOpinion)
	expect(t, a, ask(authn.NewUser("system:node:n1"), "get", "", "nodes", "", "n1"), NoOpinion)
	expect(t, a, ask(authn.NewUser("bob", "system:nodes"), "get", "", "nodes", "", "bob"), NoOpinion)
}

func TestMasters(t *testing.T) {
	s := fakeStorage{}
	a := New(s, NewRBAC(s))
	expect(t, a, ask(authn.NewUser("root", "system:masters"), "delete", "", "nodes", "", "n1"), Allow)
	expect(t, a, ask(authn.NewUser("root"), "delete", "", "nodes", "", "n1"), NoOpinion)
}
