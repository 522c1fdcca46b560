// Package catalogue is the list of all kinds that skiff serves. Discovery,
// OpenAPI, REST routes, tables and RBAC names are made from it; a kind that is
// not here does not exist.
package catalogue

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientscheme "k8s.io/client-go/kubernetes/scheme"

	"skiff/internal/api"
	"skiff/internal/api/admissionregistration"
	"skiff/internal/api/apiextensions"
	"skiff/internal/api/apiregistration"
	"skiff/internal/api/apps"
	"skiff/internal/api/authentication"
	"skiff/internal/api/authorization"
	"skiff/internal/api/autoscaling"
	"skiff/internal/api/batch"
	"skiff/internal/api/certificates"
	"skiff/internal/api/coordination"
	"skiff/internal/api/core"
	"skiff/internal/api/discovery"
	"skiff/internal/api/events"
	"skiff/internal/api/flowcontrol"
	"skiff/internal/api/networking"
	"skiff/internal/api/node"
	"skiff/internal/api/policy"
	"skiff/internal/api/rbac"
	"skiff/internal/api/resource"
	"skiff/internal/api/scheduling"
	"skiff/internal/api/storage"
	"skiff/internal/api/storagemigration"
)

// Scheme knows the Go types of all kinds, and those of requests and answers.
var Scheme = newScheme()

// all kinds, by group in the order of discovery.
var all = []*api.Resource{
	core.Binding, core.ComponentStatus, core.ConfigMap, core.Endpoints,
	core.Event, core.LimitRange, core.Namespace, core.Node,
	core.PersistentVolume, core.PersistentVolumeClaim, core.Pod, core.PodTemplate,
	core.ReplicationController, core.ResourceQuota, core.Secret, core.Service,
	core.ServiceAccount,

	apiregistration.APIService,

	events.Event,

	authentication.SelfSubjectReview, authentication.TokenReview,

	authorization.LocalSubjectAccessReview, authorization.SelfSubjectAccessReview, authorization.SelfSubjectRulesReview, authorization.SubjectAccessReview,

	apps.ControllerRevision, apps.DaemonSet, apps.Deployment, apps.ReplicaSet,
	apps.StatefulSet,

	autoscaling.HorizontalPodAutoscaler, autoscaling.V1,

	batch.CronJob, batch.Job,

	certificates.CertificateSigningRequest, certificates.ClusterTrustBundle, certificates.PodCertificateRequest,

	networking.Ingress, networking.IngressClass, networking.IPAddress, networking.NetworkPolicy,
	networking.ServiceCIDR,

	policy.PodDisruptionBudget,

	rbac.ClusterRole, rbac.ClusterRoleBinding, rbac.Role, rbac.RoleBinding,

	storage.CSIDriver, storage.CSINode, storage.CSIStorageCapacity, storage.StorageClass,
	storage.VolumeAttachment, storage.VolumeAttributesClass,

	admissionregistration.MutatingAdmissionPolicy, admissionregistration.MutatingAdmissionPolicyBinding, admissionregistration.MutatingWebhookConfiguration, admissionregistration.ValidatingAdmissionPolicy,
	admissionregistration.ValidatingAdmissionPolicyBinding, admissionregistration.ValidatingWebhookConfiguration,

	apiextensions.CustomResourceDefinition,

	scheduling.PriorityClass,

	coordination.Lease,

	node.RuntimeClass,

	discovery.EndpointSlice,

	flowcontrol.FlowSchema, flowcontrol.PriorityLevelConfiguration,

	resource.DeviceClass, resource.DeviceTaintRule, resource.ResourceClaim, resource.ResourceClaimTemplate,
	resource.ResourceSlice,

	storagemigration.StorageVersionMigration,
}

var byGVR = index()

// All returns every kind. Callers must not change it.
func All() []*api.Resource { return all }

// Lookup returns the kind that gvr names, or nil.
func Lookup(gvr schema.GroupVersionResource) *api.Resource { return byGVR[gvr] }

func index() map[schema.GroupVersionResource]*api.Resource {
	m := make(map[schema.GroupVersionResource]*api.Resource, len(all))
	for _, r := range all {
		m[r.GroupVersionResource()] = r
	}
	return m
}

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := clientscheme.AddToScheme(s); err != nil {
		panic(err) // a type registered twice: a bug in a library, seen at every start
	}
	for _, add := range []func(*runtime.Scheme) error{apiregistration.AddToScheme, apiextensions.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	// What has no group of its own: Status, and the lists and options that
	// are decoded in version v1 whatever the group.
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	if err := metav1.AddMetaToScheme(s); err != nil {
		panic(err)
	}
	return s
}
