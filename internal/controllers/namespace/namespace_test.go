package namespace

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/client"
)

func TestConditions(t *testing.T) {
	f := &findings{
		left:       map[string]int{"pods.": 2, "widgets.example.com": 1},
		finalizers: map[string]int{"example.com/hold": 1}, failed: []string{"secrets.: no"}, discovery: errors.New("metrics is down"),
	}
	var s corev1.NamespaceStatus
	now := time.Unix(1000, 0)
	if !merge(&s, f.conditions(), now) || merge(&s, f.conditions(), now.Add(time.Hour)) {
		t.Error("conditions change once")
	}
	got := map[corev1.NamespaceConditionType]string{}
	for _, c := range s.Conditions {
		got[c.Type] = string(c.Status) + " " + c.Message
	}
	for kind, want := range map[corev1.NamespaceConditionType]string{
		corev1.NamespaceContentRemaining:         "True Some resources are remaining: pods. has 2 resource instances, widgets.example.com has 1 resource instances",
		corev1.NamespaceFinalizersRemaining:      "True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
		corev1.NamespaceDeletionContentFailure:   "True Failed to delete all resource types, 1 remaining: secrets.: no",
		corev1.NamespaceDeletionDiscoveryFailure: "True Discovery failed for some groups, metrics is down",
		corev1.NamespaceDeletionGVParsingFailure: "False All legacy kube types successfully parsed",
	} {
		if got[kind] != want {
			t.Errorf("%s is %q, want %q", kind, got[kind], want)
		}
	}
	if !merge(&s, (&findings{}).conditions(), now.Add(time.Hour)) {
		t.Error("all was removed")
	}
	for _, c := range s.Conditions {
		if c.Status != corev1.ConditionFalse {
			t.Errorf("left: %v", c)
		}
	}
}

func TestDeletesAllContents(t *testing.T) {
	server := apitest.Start(t)
	c, err := client.New(server.Admin(), "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	factory := client.NewInformers(c.Kube)
	controller := New(c, factory)
	if err := factory.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = controller.Run(ctx) }()
	t.Cleanup(func() { cancel(); factory.Shutdown(); <-done })

	core := c.Kube.CoreV1()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, ns := range []string{"gone", "kept"} {
		must(core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{}))
		must(core.ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{}))
	}
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"example.com/hold"}}}
	must(core.Secrets("gone").Create(ctx, held, metav1.CreateOptions{}))
	must(nil, core.Namespaces().Delete(ctx, "gone", metav1.DeleteOptions{}))

	apitest.Eventually(t, "the namespace says what holds it", func(ctx context.Context) bool {
		ns, err := core.Namespaces().Get(ctx, "gone", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range ns.Status.Conditions {
			if x.Type == corev1.NamespaceFinalizersRemaining && strings.Contains(x.Message, "example.com/hold in 1") {
				return true
			}
		}
		return false
	})
	must(core.Secrets("gone").Patch(ctx, "held", "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}))
	apitest.Eventually(t, "the namespace is gone", func(ctx context.Context) bool {
		_, err := core.Namespaces().Get(ctx, "gone", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	must(core.ConfigMaps("kept").Get(ctx, "a", metav1.GetOptions{}))
}
