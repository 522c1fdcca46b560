package bootstrap

import (
	"context"
	"net"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"skiff/internal/apiserver/apitest"
)

func testOptions() Options {
	_, cidr, _ := net.ParseCIDR("10.96.0.0/16")
	return Options{
		ServiceCIDR: cidr, Advertise: []net.IP{net.IPv4(192, 0, 2, 7)}, Port: 6443,
		ServerURL: "https://192.0.2.7:6443", CA: []byte("authority"),
	}
}

func newCluster(t *testing.T) kubernetes.Interface {
	t.Helper()
	return kubernetes.NewForConfigOrDie(apitest.Start(t).Admin())
}

// start bootstraps, and returns how much it wrote.
func start(t *testing.T, kube kubernetes.Interface, o Options) int64 {
	t.Helper()
	b := &bootstrapper{Options: o, kube: kube}
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.writes.Load()
}

func TestRestartWritesNothing(t *testing.T) {
	kube := newCluster(t)
	if n := start(t, kube, testOptions()); n < 100 {
		t.Errorf("the first start made %d objects", n)
	}
	if n := start(t, kube, testOptions()); n != 0 {
		t.Errorf("the second start made %d writes", n)
	}
}

// Whoever waits for a step waits until it is done, and not for those after it.
func TestHooksFollowTheSteps(t *testing.T) {
	kube, hooks := newCluster(t), &Hooks{}
	o := testOptions()
	o.Hooks = hooks
	for i, name := range hooks.Names() {
		if err := hooks.Check(i); err == nil || err.Error() != "not finished" {
			t.Errorf("%s at first: %v", name, err)
		}
	}
	b := &bootstrapper{Options: o, kube: kube}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if b.run(ended) == nil {
		t.Fatal("a start that was broken off succeeded")
	}
	for i, name := range hooks.Names() {
		if hooks.Check(i) == nil {
			t.Errorf("%s is done without having been", name)
		}
	}
	b.Options = testOptions()
	b.Hooks = hooks
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, name := range hooks.Names() {
		if err := hooks.Check(i); err != nil {
			t.Errorf("%s in the end: %v", name, err)
		}
	}
}

func TestStartMendsAndKeepsAdditions(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	start(t, kube, testOptions())
	roles := kube.RbacV1().ClusterRoles()

	discovery, _ := roles.Get(ctx, "system:discovery", metav1.GetOptions{})
	mine := rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/mine"}}
	discovery.Rules = []rbacv1.PolicyRule{mine}
	delete(discovery.Labels, bootstrapLabel)
	_, _ = roles.Update(ctx, discovery, metav1.UpdateOptions{})
	theirs, _ := roles.Get(ctx, "system:basic-user", metav1.GetOptions{})
	theirs.Rules, theirs.Annotations[rbacv1.AutoUpdateAnnotationKey] = nil, "false"
	_, _ = roles.Update(ctx, theirs, metav1.UpdateOptions{})
	binding, _ := kube.RbacV1().ClusterRoleBindings().Get(ctx, "system:discovery", metav1.GetOptions{})
	binding.Subjects = nil
	_, _ = kube.RbacV1().ClusterRoleBindings().Update(ctx, binding, metav1.UpdateOptions{})
	_ = roles.Delete(ctx, "system:node", metav1.DeleteOptions{})

	if n := start(t, kube, testOptions()); n != 3 {
		t.Errorf("%d writes, want 3", n)
	}
	discovery, _ = roles.Get(ctx, "system:discovery", metav1.GetOptions{})
	if len(discovery.Rules) != 2 || !slices.Equal(discovery.Rules[0].NonResourceURLs, mine.NonResourceURLs) || discovery.Labels[bootstrapLabel] == "" {
		t.Errorf("system:discovery has %+v", discovery)
	}
	if theirs, _ = roles.Get(ctx, "system:basic-user", metav1.GetOptions{}); len(theirs.Rules) != 0 {
		t.Error("a role with autoupdate=false was changed")
	}
	if binding, _ = kube.RbacV1().ClusterRoleBindings().Get(ctx, "system:discovery", metav1.GetOptions{}); len(binding.Subjects) != 1 {
		t.Errorf("the binding has %v", binding.Subjects)
	}
}

func TestKubernetesServiceFollowsTheAddress(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	o := testOptions()
	start(t, kube, o)
	service, err := kube.CoreV1().Services("default").Get(ctx, "kubernetes", metav1.GetOptions{})
	if err != nil || service.Spec.ClusterIP != "10.96.0.1" || service.Spec.Ports[0].TargetPort.IntValue() != 6443 {
		t.Fatalf("%+v, %v", service, err)
	}
	o.Advertise = []net.IP{net.IPv4(192, 0, 2, 9)}
	if n := start(t, kube, o); n != 2 {
		t.Errorf("%d writes, want those of Endpoints and EndpointSlice", n)
	}
	slice, _ := kube.DiscoveryV1().EndpointSlices("default").Get(ctx, "kubernetes", metav1.GetOptions{})
	endpoints, _ := kube.CoreV1().Endpoints("default").Get(ctx, "kubernetes", metav1.GetOptions{})
	if slice.Endpoints[0].Addresses[0] != "192.0.2.9" || endpoints.Subsets[0].Addresses[0].IP != "192.0.2.9" {
		t.Errorf("they lead to %v and %v", slice.Endpoints, endpoints.Subsets)
	}
	_, o.ServiceCIDR, _ = net.ParseCIDR("10.100.0.0/16")
	if err := (&bootstrapper{Options: o, kube: kube}).run(ctx); err == nil {
		t.Error("another service range was taken")
	}
}

func TestClusterInfoLeadsHere(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	start(t, kube, testOptions())
	info, err := kube.CoreV1().ConfigMaps("kube-public").Get(ctx, "cluster-info", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load([]byte(info.Data["kubeconfig"]))
	if err != nil || config.Clusters[""].Server != "https://192.0.2.7:6443" || string(config.Clusters[""].CertificateAuthorityData) != "authority" {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestFirstIP(t *testing.T) {
	for cidr, want := range map[string]string{"10.96.0.0/16": "10.96.0.1", "192.168.1.128/25": "192.168.1.129", "fd00:1::/112": "fd00:1::1"} {
		_, n, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if got := FirstIP(n).String(); got != want {
			t.Errorf("%s begins with %s, want %s", cidr, got, want)
		}
	}
}

func TestNamespaces(t *testing.T) {
	kube := newCluster(t)
	mine := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default", Labels: map[string]string{"mine": "yes"}}}
	if _, err := kube.CoreV1().Namespaces().Create(t.Context(), mine, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	start(t, kube, testOptions())
	list, _ := kube.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if len(list.Items) != len(Namespaces) {
		t.Errorf("%d namespaces", len(list.Items))
	}
	if have, _ := kube.CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{}); have.Labels["mine"] != "yes" {
		t.Errorf("labels of the namespace that was there: %v", have.Labels)
	}
}
