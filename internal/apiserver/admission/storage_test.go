package admission

import (
	"slices"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"skiff/internal/api/certificates"
	"skiff/internal/api/core"
	"skiff/internal/api/networking"
	"skiff/internal/apiserver/testreader"
)

func TestNewStorageIsProtected(t *testing.T) {
	claim, volume := &corev1.PersistentVolumeClaim{ObjectMeta: named("team", "c")}, &corev1.PersistentVolume{ObjectMeta: named("", "v")}
	for range 2 {
		pass(t, StorageObjectInUseProtection{}, create(core.PersistentVolumeClaim, claim))
		pass(t, StorageObjectInUseProtection{}, create(core.PersistentVolume, volume))
	}
	if !slices.Equal(claim.Finalizers, []string{"kubernetes.io/pvc-protection"}) || !slices.Equal(volume.Finalizers, []string{"kubernetes.io/pv-protection"}) {
		t.Errorf("%v, %v", claim.Finalizers, volume.Finalizers)
	}
}

func TestClaimsGrowWhereTheirClassLetsThem(t *testing.T) {
	p := PersistentVolumeClaimResize{Reader: testreader.New(
		&storagev1.StorageClass{ObjectMeta: named("", "grows"), AllowVolumeExpansion: ptr.To(true)},
		&storagev1.StorageClass{ObjectMeta: named("", "fixed")},
	)}
	sized := func(class, size string, phase corev1.PersistentVolumeClaimPhase) *corev1.PersistentVolumeClaim {
		c := &corev1.PersistentVolumeClaim{ObjectMeta: named("team", "c"), Status: corev1.PersistentVolumeClaimStatus{Phase: phase}}
		c.Spec.StorageClassName = &class
		c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
		return c
	}
	grow := func(class string, phase corev1.PersistentVolumeClaimPhase) *Request {
		r := create(core.PersistentVolumeClaim, sized(class, "2Gi", phase))
		r.Operation, r.Old = Update, sized(class, "1Gi", phase)
		return r
	}
	pass(t, p, grow("grows", corev1.ClaimBound))
	refuse(t, p, grow("grows", corev1.ClaimPending), "Only bound persistent volume claims can be expanded")
	for _, class := range []string{"fixed", "gone", ""} {
		refuse(t, p, grow(class, corev1.ClaimBound), "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
	}
	moved := grow("grows", corev1.ClaimBound)
	moved.Old = sized("", "1Gi", corev1.ClaimBound)
	refuse(t, p, moved, "only dynamically provisioned pvc can be resized")
	same := grow("fixed", corev1.ClaimBound)
	same.Old = same.Object
	pass(t, p, same)
}

func TestDefaultIngressClass(t *testing.T) {
	class := &networkingv1.IngressClass{ObjectMeta: named("", "usual")}
	class.Annotations = map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"}
	p := DefaultIngressClass{Reader: testreader.New(class, &networkingv1.IngressClass{ObjectMeta: named("", "other")})}
	plain, annotated := &networkingv1.Ingress{ObjectMeta: named("team", "a")}, &networkingv1.Ingress{ObjectMeta: named("team", "b")}
	annotated.Annotations = map[string]string{ingressClassAnnotation: "old"}
	pass(t, p, create(networking.Ingress, plain))
	pass(t, p, create(networking.Ingress, annotated))
	if plain.Spec.IngressClassName == nil || *plain.Spec.IngressClassName != "usual" || annotated.Spec.IngressClassName != nil {
		t.Errorf("%v, %v", plain.Spec, annotated.Spec)
	}
}

func TestTrustBundlesOfASigner(t *testing.T) {
	bundle := &certificatesv1.ClusterTrustBundle{ObjectMeta: named("", "example.com:x:1"), Spec: certificatesv1.ClusterTrustBundleSpec{SignerName: "example.com/x"}}
	pass(t, ClusterTrustBundleAttest{Authorizer: only{"attest", "example.com/*"}}, create(certificates.ClusterTrustBundle, bundle))
	refuse(t, ClusterTrustBundleAttest{Authorizer: only{"sign", "example.com/x"}}, create(certificates.ClusterTrustBundle, bundle), `user not permitted to attest for signerName "example.com/x"`)
	bundle.Spec.SignerName = ""
	pass(t, ClusterTrustBundleAttest{Authorizer: only{}}, create(certificates.ClusterTrustBundle, bundle))
}
