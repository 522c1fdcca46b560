package builtin_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/apitest"
)

func service(name string, kind corev1.ServiceType) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Type: kind, Ports: []corev1.ServicePort{{Port: 80}}}}
}

func TestServiceAddresses(t *testing.T) {
	ctx, c := t.Context(), start(t)
	admin := c.admin(t)
	services, addresses := admin.CoreV1().Services("default"), admin.NetworkingV1().IPAddresses()
	cidr := must[*networkingv1.ServiceCIDR](t)(admin.NetworkingV1().ServiceCIDRs().Get(ctx, "kubernetes", metav1.GetOptions{}))
	if strings.Join(cidr.Spec.CIDRs, " ") != "10.96.0.0/16" || strings.Join(cidr.Finalizers, " ") != "networking.k8s.io/service-cidr-finalizer" {
		t.Errorf("%+v", cidr)
	}
	kubernetes := must[*networkingv1.IPAddress](t)(addresses.Get(ctx, "10.96.0.1", metav1.GetOptions{}))
	if ref := kubernetes.Spec.ParentRef; ref.Resource != "services" || ref.Namespace != "default" || ref.Name != "kubernetes" {
		t.Errorf("%+v", ref)
	}
	count := func() int {
		return len(must[*networkingv1.IPAddressList](t)(addresses.List(ctx, metav1.ListOptions{})).Items)
	}

	dry := must[*corev1.Service](t)(services.Create(ctx, service("dry", corev1.ServiceTypeNodePort), metav1.CreateOptions{DryRun: []string{"All"}}))
	if dry.Spec.ClusterIP == "" || dry.Spec.Ports[0].NodePort == 0 || count() != 1 {
		t.Errorf("%+v, with %d addresses taken", dry.Spec, count())
	}
	web := must[*corev1.Service](t)(services.Create(ctx, service("web", corev1.ServiceTypeNodePort), metav1.CreateOptions{}))
	must[*networkingv1.IPAddress](t)(addresses.Get(ctx, web.Spec.ClusterIP, metav1.GetOptions{}))

	// A write that fails, for whatever reason, keeps nothing.
	again := service("web", corev1.ServiceTypeNodePort)
	if _, err := services.Create(ctx, again, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("%v", err)
	}
	bad := service("bad", corev1.ServiceTypeClusterIP)
	bad.Spec.SessionAffinity = "Sometimes"
	if _, err := services.Create(ctx, bad, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("%v", err)
	}
	taken := service("taken", corev1.ServiceTypeClusterIP)
	taken.Spec.ClusterIP = web.Spec.ClusterIP
	_, err := services.Create(ctx, taken, metav1.CreateOptions{})
	if want := `Service "taken" is invalid: spec.clusterIPs: Invalid value: ["` + web.Spec.ClusterIP + `"]: failed to allocate IP ` + web.Spec.ClusterIP + `: provided IP is already allocated`; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if n := count(); n != 2 {
		t.Errorf("%d addresses are taken", n)
	}

	// Its type changes to and fro.
	patch := func(text string) *corev1.Service {
		t.Helper()
		return must[*corev1.Service](t)(services.Patch(ctx, "web", types.StrategicMergePatchType, []byte(text), metav1.PatchOptions{}))
	}
	if s := patch(`{"spec": {"type": "ClusterIP"}}`); s.Spec.Ports[0].NodePort != 0 || s.Spec.ClusterIP != web.Spec.ClusterIP {
		t.Errorf("%+v", s.Spec)
	}
	if s := patch(`{"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}}`); s.Spec.Ports[0].NodePort == 0 || s.Spec.HealthCheckNodePort == 0 {
		t.Errorf("%+v", s.Spec)
	}
	if s := patch(`{"spec": {"type": "ExternalName", "externalName": "example.com"}}`); s.Spec.ClusterIP != "" || s.Spec.HealthCheckNodePort != 0 || s.Spec.IPFamilies != nil || count() != 1 {
		t.Errorf("%+v, with %d addresses taken", s.Spec, count())
	}
	if s := patch(`{"spec": {"type": "ClusterIP", "externalName": null}}`); s.Spec.ClusterIP == "" || len(s.Spec.IPFamilies) != 1 || count() != 2 {
		t.Errorf("%+v, with %d addresses taken", s.Spec, count())
	}
	if err := services.Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d addresses are taken behind the deletion", n)
	}
}

// A client may take the IPAddress of a Service away: it comes back.
func TestServiceAddressesAreRepaired(t *testing.T) {
	ctx, c := t.Context(), start(t)
	admin := c.admin(t)
	addresses := admin.NetworkingV1().IPAddresses()
	was := must[*networkingv1.IPAddress](t)(addresses.Get(ctx, "10.96.0.1", metav1.GetOptions{}))
	if err := addresses.Delete(ctx, "10.96.0.1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	apitest.Eventually(t, "10.96.0.1 has its IPAddress again, and an Event says so", func(ctx context.Context) bool {
		now, err := addresses.Get(ctx, "10.96.0.1", metav1.GetOptions{})
		events, _ := admin.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=ClusterIPNotAllocated"})
		return err == nil && now.UID != was.UID && len(events.Items) == 1
	})
}

// What conformance asks of the two kinds.
func TestServiceCIDRAndIPAddressOperations(t *testing.T) {
	ctx, c := t.Context(), start(t)
	admin := c.admin(t)
	cidrs, addresses := admin.NetworkingV1().ServiceCIDRs(), admin.NetworkingV1().IPAddresses()
	label := map[string]string{"test": "yes"}
	only := metav1.ListOptions{LabelSelector: "test=yes"}

	must[*networkingv1.ServiceCIDR](t)(cidrs.Create(ctx, &networkingv1.ServiceCIDR{
		ObjectMeta: metav1.ObjectMeta{Name: "more", Labels: label}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{"10.97.0.0/24", "2001:db8::/64"}},
	}, metav1.CreateOptions{}))
	status := must[*networkingv1.ServiceCIDR](t)(cidrs.Patch(ctx, "more", types.MergePatchType,
		[]byte(`{"status": {"conditions": [{"type": "CustomConditionType", "status": "True", "reason": "test", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}`), metav1.PatchOptions{}, "status"))
	if len(status.Status.Conditions) != 1 {
		t.Errorf("%+v", status.Status)
	}
	changed := status.DeepCopy()
	changed.Spec.CIDRs = []string{"10.98.0.0/24"}
	if _, err := cidrs.Update(ctx, changed, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("%v", err)
	}
	annotated := must[*networkingv1.ServiceCIDR](t)(cidrs.Patch(ctx, "more", types.MergePatchType, []byte(`{"metadata": {"annotations": {"patched": "true"}}}`), metav1.PatchOptions{}))
	if annotated.Annotations["patched"] != "true" {
		t.Errorf("%+v", annotated.Annotations)
	}
	// Services can have its addresses now; of the other family, only a cluster
	// that is configured for both.
	s := service("more", corev1.ServiceTypeClusterIP)
	s.Spec.ClusterIP = "10.97.0.5"
	must[*corev1.Service](t)(admin.CoreV1().Services("default").Create(ctx, s, metav1.CreateOptions{}))
	if err := cidrs.DeleteCollection(ctx, metav1.DeleteOptions{}, only); err != nil {
		t.Fatal(err)
	}
	if l := must[*networkingv1.ServiceCIDRList](t)(cidrs.List(ctx, only)); len(l.Items) != 0 {
		t.Errorf("%v", l.Items)
	}

	own := &networkingv1.IPAddress{
		ObjectMeta: metav1.ObjectMeta{Name: "192.168.1.2", Labels: label},
		Spec:       networkingv1.IPAddressSpec{ParentRef: &networkingv1.ParentReference{Group: "testing", Resource: "tests", Name: "t", Namespace: "n"}},
	}
	made := must[*networkingv1.IPAddress](t)(addresses.Create(ctx, own, metav1.CreateOptions{}))
	made.Labels["updated"] = "true"
	made = must[*networkingv1.IPAddress](t)(addresses.Update(ctx, made, metav1.UpdateOptions{}))
	if made.Labels["updated"] != "true" {
		t.Errorf("%+v", made.Labels)
	}
	own.Name = "2001:DB8::1"
	if _, err := addresses.Create(ctx, own, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("an address that is not canonical: %v", err)
	}
	if err := addresses.DeleteCollection(ctx, metav1.DeleteOptions{}, only); err != nil {
		t.Fatal(err)
	}
	if l := must[*networkingv1.IPAddressList](t)(addresses.List(ctx, only)); len(l.Items) != 0 {
		t.Errorf("%v", l.Items)
	}
}
