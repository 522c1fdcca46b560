package scheduler

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/client"
)

// rig is an API server with a scheduler.
type rig struct {
	*testing.T
	kube kubernetes.Interface
}

// strict refuses what the scheduler's role does not allow, and fails the test
// for it.
type strict struct {
	authz.Authorizer
	t *testing.T
}

func (s strict) Authorize(ctx context.Context, a authz.Attributes) (authz.Decision, string, error) {
	decision, reason, err := s.Authorizer.Authorize(ctx, a)
	if decision != authz.Allow && ctx.Err() == nil {
		s.t.Errorf("%s may not %s %s/%s %q", a.User.Name, a.Verb, a.Resource, a.Subresource, a.Name)
	}
	return decision, reason, err
}

func start(t *testing.T) rig {
	t.Helper()
	server := apitest.Start(t, withBinding, func(c *apiserver.Config) {
		storage := c.Store.(authz.Storage)
		c.Authorizer = strict{authz.New(storage, authz.NewRBAC(storage)), t}
	})
	c, err := client.New(server.Admin(), "test")
	if err != nil {
		t.Fatal(err)
	}
	_, services, _ := net.ParseCIDR("10.96.0.0/16")
	if err := bootstrap.Run(t.Context(), server.Admin(), bootstrap.Options{
		ServiceCIDR: services, Advertise: []net.IP{net.IPv4(192, 0, 2, 1)}, Port: 6443, ServerURL: "https://192.0.2.1:6443", CA: []byte("CA"),
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, Config{Client: server.Config("system:kube-scheduler")}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the scheduler ended with %v", err)
		}
	})
	r := rig{t, c.Kube}
	_, err = c.Kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns"}}, metav1.CreateOptions{})
	r.must(err)
	return r
}

// withBinding answers pods/binding as far as this test needs it.
func withBinding(c *apiserver.Config) {
	c.Creates = map[apiserver.SubresourceKey]apiserver.CreateFunc{
		{Resource: "pods", Subresource: "binding"}: func(ctx context.Context, c *apiserver.Call, body api.Object) (runtime.Object, error) {
			_, err := c.Server.Mutate(ctx, c.Target, c.Namespace, c.Name, false, func(o api.Object) error {
				o.(*corev1.Pod).Spec.NodeName = body.(*corev1.Binding).Target.Name
				return nil
			})
			return &metav1.Status{Status: metav1.StatusSuccess}, err
		},
	}
}

func (r rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r rig) node(name, cpu string, taints ...corev1.Taint) {
	r.Helper()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{Taints: taints}}
	n, err := r.kube.CoreV1().Nodes().Create(r.Context(), n, metav1.CreateOptions{})
	r.must(err)
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("8Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n.Status.Capacity = n.Status.Allocatable
	_, err = r.kube.CoreV1().Nodes().UpdateStatus(r.Context(), n, metav1.UpdateOptions{})
	r.must(err)
}

func (r rig) pod(name, cpu string, change ...func(*corev1.Pod)) {
	r.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
	zero := int64(0)
	p.Spec = corev1.PodSpec{TerminationGracePeriodSeconds: &zero, Containers: []corev1.Container{{
		Name: "c", Image: "i",
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}},
	}}}
	for _, f := range change {
		f(p)
	}
	_, err := r.kube.CoreV1().Pods("ns").Create(r.Context(), p, metav1.CreateOptions{})
	r.must(err)
}

func (r rig) eventually(name, what string, is func(*corev1.Pod) bool) *corev1.Pod {
	r.Helper()
	var last *corev1.Pod
	apitest.Eventually(r.T, name+" "+what, func(ctx context.Context) bool {
		p, err := r.kube.CoreV1().Pods("ns").Get(ctx, name, metav1.GetOptions{})
		last = p
		return err == nil && is(p)
	})
	return last
}

func (r rig) bound(name string) string {
	r.Helper()
	return r.eventually(name, "has a node", func(p *corev1.Pod) bool { return p.Spec.NodeName != "" }).Spec.NodeName
}

func (r rig) event(object, reason, message string) {
	r.Helper()
	apitest.Eventually(r.T, fmt.Sprintf("%s has an Event %s: %s", object, reason, message), func(ctx context.Context) bool {
		l, err := r.kube.CoreV1().Events("ns").List(ctx, metav1.ListOptions{})
		if err != nil {
			return false
		}
		for _, e := range l.Items {
			if e.InvolvedObject.Name == object && e.Reason == reason && strings.Contains(e.Message, message) && e.Source.Component == "default-scheduler" {
				return true
			}
		}
		return false
	})
}

func unschedulable(message string) func(*corev1.Pod) bool {
	return func(p *corev1.Pod) bool {
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodScheduled {
				return c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable && c.Message == message
			}
		}
		return false
	}
}

func TestBindsAndExplains(t *testing.T) {
	r := start(t)
	r.pod("a", "1")
	r.eventually("a", "cannot be scheduled", unschedulable("no nodes available to schedule pods"))
	r.node("tainted", "8", corev1.Taint{Key: "k", Value: "v", Effect: corev1.TaintEffectNoSchedule})
	r.eventually("a", "cannot be scheduled", unschedulable("0/1 nodes are available: 1 node(s) had untolerated taint {k: v}. "+
		"preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."))
	r.event("a", "FailedScheduling", "untolerated taint {k: v}")
	r.node("n1", "2")
	if got := r.bound("a"); got != "n1" {
		t.Errorf("a is on %s", got)
	}
	r.event("a", "Scheduled", "Successfully assigned ns/a to n1")

	r.pod("b", "1")
	r.pod("c", "1")
	r.eventually("c", "cannot be scheduled", unschedulable("0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}. "+
		"preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."))
	r.must(r.kube.CoreV1().Pods("ns").Delete(t.Context(), "a", metav1.DeleteOptions{}))
	r.bound("c")
}

func TestOtherSchedulersPodsAreLeftAlone(t *testing.T) {
	r := start(t)
	r.node("n1", "2")
	r.pod("other", "1", func(p *corev1.Pod) { p.Spec.SchedulerName = "other" })
	r.pod("gated", "1", gated)
	r.pod("mine", "1")
	r.bound("mine")
	for _, name := range []string{"other", "gated"} {
		p, err := r.kube.CoreV1().Pods("ns").Get(t.Context(), name, metav1.GetOptions{})
		r.must(err)
		if p.Spec.NodeName != "" {
			t.Errorf("%s was bound", name)
		}
	}
	_, err := r.kube.CoreV1().Pods("ns").Patch(t.Context(), "gated", "application/merge-patch+json", []byte(`{"spec":{"schedulingGates":null}}`), metav1.PatchOptions{})
	r.must(err)
	r.bound("gated")
}

func TestPreemption(t *testing.T) {
	r := start(t)
	r.node("n1", "2")
	r.pod("low", "2")
	r.bound("low")
	r.pod("high", "2", func(p *corev1.Pod) { n := int32(100); p.Spec.Priority = &n })
	if got := r.bound("high"); got != "n1" {
		t.Errorf("high is on %s", got)
	}
	r.event("low", "Preempted", "Preempted by pod")
}

func TestManyPodsFillTheNodesExactly(t *testing.T) {
	r := start(t)
	for i := range 5 {
		r.node(fmt.Sprint("n", i), "4")
	}
	for i := range 41 {
		r.pod(fmt.Sprint("p", i), "500m")
	}
	apitest.Eventually(t, "40 pods have a node and one has none", func(ctx context.Context) bool {
		l, err := r.kube.CoreV1().Pods("ns").List(ctx, metav1.ListOptions{})
		if err != nil {
			return false
		}
		count, waiting := map[string]int{}, 0
		for _, p := range l.Items {
			if count[p.Spec.NodeName]++; len(p.Status.Conditions) > 0 && p.Spec.NodeName == "" {
				waiting++
			}
		}
		for node, n := range count {
			if node != "" && n > 8 {
				t.Fatalf("%d pods on %s, which has room for 8", n, node)
			}
		}
		return count[""] == 1 && waiting == 1
	})
}
