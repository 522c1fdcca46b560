package apiserver_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/client"
)

// TestInformersInTheProcessShareObjects has two components, each with informers
// and a name of its own.
func TestInformersInTheProcessShareObjects(t *testing.T) {
	s := apitest.Start(t)
	one, two := podsOf(t, s, "one"), podsOf(t, s, "two")
	clients, err := client.New(s.Config("admin"), "admin")
	if err != nil {
		t.Fatal(err)
	}
	pods := clients.Kube.CoreV1().Pods("default")
	made, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.ManagedFields) == 0 {
		t.Fatal("the server keeps no account of fields")
	}
	first := shared(t, one, two, made.ResourceVersion)
	if first.Labels["app"] != "web" || first.Spec.Containers[0].Image != "web" || first.UID != made.UID {
		t.Errorf("informers hold %v", first)
	}
	if first.ManagedFields != nil {
		t.Error("informers hold managedFields")
	}
	made.Labels["app"] = "other"
	changed, err := pods.Update(t.Context(), made, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if second := shared(t, one, two, changed.ResourceVersion); second.Labels["app"] != "other" || first.Labels["app"] != "web" {
		t.Errorf("after the update informers hold %v; what they held before is %v", second.Labels, first.Labels)
	}
}

func podsOf(t *testing.T, s *apitest.Server, user string) corelisters.PodLister {
	t.Helper()
	clients, err := client.New(s.Config(user), user)
	if err != nil {
		t.Fatal(err)
	}
	// A component's own transform makes copies smaller; there are none here.
	factory := client.NewInformers(clients.Kube, func(any) (any, error) { return &corev1.Pod{}, nil })
	lister := factory.Pods().Lister()
	if err := factory.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return lister
}

// shared is the pod that both hold: one object.
func shared(t *testing.T, one, two corelisters.PodLister, version string) *corev1.Pod {
	t.Helper()
	var a, b *corev1.Pod
	apitest.Eventually(t, "both informers have version "+version, func(context.Context) bool {
		a, _ = one.Pods("default").Get("web")
		b, _ = two.Pods("default").Get("web")
		return a != nil && b != nil && a.ResourceVersion == version && b.ResourceVersion == version
	})
	if a != b {
		t.Errorf("two informers hold two objects at version %s", version)
	}
	return a
}

// mutate, set in the environment, has the test binary write to what it shares.
const mutate = "SKIFF_TEST_MUTATE"

// Whoever writes to an object that informers share ends the tests that run with
// the detector, as make test does. It reads its switch when a program starts,
// so that a program of its own shows it.
func TestWritingToSharedObjectsIsFound(t *testing.T) {
	if os.Getenv(mutate) != "" {
		writeToShared(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := exec.CommandContext(ctx, self, "-test.run=^TestWritingToSharedObjectsIsFound$")
	again.Env = append(os.Environ(), mutate+"=1", "KUBE_CACHE_MUTATION_DETECTOR=true", "TMPDIR="+t.TempDir())
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cache *v1.Pod modified") {
		t.Errorf("%v: %s", err, out)
	}
}

// writeToShared does what no component may, and waits to be ended for it.
func writeToShared(t *testing.T) {
	s := apitest.Start(t)
	one, two := podsOf(t, s, "one"), podsOf(t, s, "two")
	clients, err := client.New(s.Config("admin"), "admin")
	if err != nil {
		t.Fatal(err)
	}
	made, err := clients.Kube.CoreV1().Pods("default").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shared(t, one, two, made.ResourceVersion).Labels = map[string]string{"written": "here"}
	select {} // until the detector, which looks every other second, ends the process
}
