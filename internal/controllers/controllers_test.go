package controllers

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/client"
)

// strict refuses what the roles do not allow, and fails the test for it: a
// controller must get by on the role that Kubernetes gives it.
type strict struct {
	authz.Authorizer
	t *testing.T
}

func (s strict) Authorize(ctx context.Context, a authz.Attributes) (authz.Decision, string, error) {
	decision, reason, err := s.Authorizer.Authorize(ctx, a)
	if decision != authz.Allow && ctx.Err() == nil {
		s.t.Errorf("%s may not %s %s/%s %q in %q", a.User.Name, a.Verb, a.Resource, a.Subresource, a.Name, a.Namespace)
	}
	return decision, reason, err
}

// start runs all controllers, each with its own identity and role, against an
// API server.
func start(t *testing.T) kubernetes.Interface {
	t.Helper()
	server := apitest.Start(t, func(c *apiserver.Config) {
		storage := c.Store.(authz.Storage)
		c.Authorizer = strict{authz.New(storage, authz.NewRBAC(storage)), t}
	})
	c, err := client.New(server.Admin(), "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, services, _ := net.ParseCIDR("10.96.0.0/16")
	if err := bootstrap.Run(ctx, server.Admin(), bootstrap.Options{
		ServiceCIDR: services, Advertise: []net.IP{net.IPv4(192, 0, 2, 1)}, Port: 6443, ServerURL: "https://192.0.2.1:6443", CA: []byte("CA"),
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Config{
			Client: server.Config("system:kube-controller-manager"),
			ClientFor: func(name string) *rest.Config {
				return server.Config("system:serviceaccount:kube-system:"+name, "system:serviceaccounts", "system:serviceaccounts:kube-system")
			},
			ClusterCIDR: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")},
			RootCA:      []byte("CA"),
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the controllers ended with %v", err)
		}
	})
	return c.Kube
}

func TestTheControllersTogether(t *testing.T) {
	kube := start(t)
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns"}}, metav1.CreateOptions{}))
	must(kube.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}, metav1.CreateOptions{}))
	ready := `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`
	must(kube.CoreV1().Nodes().Patch(ctx, "n1", types.StrategicMergePatchType, []byte(ready), metav1.PatchOptions{}, "status"))
	app := map[string]string{"app": "web"}
	two := int32(2)
	must(kube.AppsV1().Deployments("ns").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &two, Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{NodeName: "n1", Containers: []corev1.Container{{Name: "c", Image: "nginx", Ports: []corev1.ContainerPort{{ContainerPort: 80}}}}},
			},
		},
	}, metav1.CreateOptions{}))
	must(kube.CoreV1().Services("ns").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{ClusterIP: "None", Selector: app, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{}))

	apitest.Eventually(t, "the namespace and the node have what they need", func(ctx context.Context) bool {
		_, account := kube.CoreV1().ServiceAccounts("ns").Get(ctx, "default", metav1.GetOptions{})
		_, ca := kube.CoreV1().ConfigMaps("ns").Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		n, node := kube.CoreV1().Nodes().Get(ctx, "n1", metav1.GetOptions{})
		return account == nil && ca == nil && node == nil && n.Spec.PodCIDR == "10.244.0.0/24"
	})
	var made []corev1.Pod
	apitest.Eventually(t, "the Deployment has two pods", func(ctx context.Context) bool {
		l, err := kube.CoreV1().Pods("ns").List(ctx, metav1.ListOptions{})
		made = l.Items
		return err == nil && len(made) == 2
	})
	for i, p := range made {
		p.Status.Phase, p.Status.PodIP = corev1.PodRunning, []string{"10.244.0.2", "10.244.0.3"}[i]
		p.Status.PodIPs = []corev1.PodIP{{IP: p.Status.PodIP}}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
		must(kube.CoreV1().Pods("ns").UpdateStatus(ctx, &p, metav1.UpdateOptions{}))
	}
	apitest.Eventually(t, "the Deployment is available and the Service has its endpoints", func(ctx context.Context) bool {
		d, err := kube.AppsV1().Deployments("ns").Get(ctx, "web", metav1.GetOptions{})
		if err != nil || d.Status.AvailableReplicas != 2 || d.Annotations["deployment.kubernetes.io/revision"] != "1" {
			return false
		}
		e, err := kube.CoreV1().Endpoints("ns").Get(ctx, "web", metav1.GetOptions{})
		if err != nil || len(e.Subsets) != 1 || len(e.Subsets[0].Addresses) != 2 {
			return false
		}
		s, err := kube.DiscoveryV1().EndpointSlices("ns").List(ctx, metav1.ListOptions{})
		return err == nil && len(s.Items) == 1 && len(s.Items[0].Endpoints) == 2
	})

	must(nil, kube.AppsV1().Deployments("ns").Delete(ctx, "web", metav1.DeleteOptions{}))
	apitest.Eventually(t, "the pods are told to go", func(ctx context.Context) bool {
		l, err := kube.CoreV1().Pods("ns").List(ctx, metav1.ListOptions{})
		return err == nil && !slices.ContainsFunc(l.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp == nil })
	})
	must(nil, kube.CoreV1().Nodes().Delete(ctx, "n1", metav1.DeleteOptions{}))
	must(nil, kube.CoreV1().Namespaces().Delete(ctx, "ns", metav1.DeleteOptions{}))
	apitest.Eventually(t, "the namespace is gone", func(ctx context.Context) bool {
		endPods(ctx, t, kube)
		_, err := kube.CoreV1().Namespaces().Get(ctx, "ns", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// endPods removes the pods that were told to go, as a kubelet would.
func endPods(ctx context.Context, t *testing.T, kube kubernetes.Interface) {
	t.Helper()
	l, err := kube.CoreV1().Pods("ns").List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	now := int64(0)
	for _, p := range l.Items {
		if p.DeletionTimestamp == nil {
			continue
		}
		err := kube.CoreV1().Pods("ns").Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
}

func TestUnknownControllersAreRefused(t *testing.T) {
	if err := Run(t.Context(), Config{Controllers: []string{"deployment", "deploment"}}); err == nil {
		t.Error("a misspelt name must not be ignored")
	}
}
