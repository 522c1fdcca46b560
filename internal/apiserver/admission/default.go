package admission

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/apiserver/authz"
)

// Default are the plug-ins that every cluster has, in the order in which they
// run. rbac may be nil where roles are not what authorizes.
func Default(reader api.Reader, tables Tables, authorizer authz.Authorizer, rbac *authz.RBAC) []Plugin {
	plugins := []Plugin{
		NamespaceLifecycle{reader},
		NodeRestriction{reader},
		NetworkRestriction{},
		LimitRanger{reader},
		ServiceAccount{reader},
		TaintNodesByCondition{},
		Priority{reader},
		DefaultTolerationSeconds{},
		DefaultStorageClass{reader},
		StorageObjectInUseProtection{},
		PersistentVolumeClaimResize{Reader: reader},
		RuntimeClass{reader},
		CertificateRequester{},
		CertificateApproval{authorizer},
		CertificateSigning{authorizer},
		CertificateSubjectRestriction{},
		ClusterTrustBundleAttest{Authorizer: authorizer},
		DeviceAdminAccess{Namespaces: reader},
		ClaimStatus{Authorizer: authorizer},
		DefaultIngressClass{Reader: reader},
		PodSecurity{Reader: reader},
		PodTopologyLabels{Reader: reader},
		NodeDeclaredFeatureValidator{Reader: reader},
		PodResizeValidator{Reader: reader},
		PolicyParams{Reader: reader, Authorizer: authorizer},
	}
	if rbac != nil {
		plugins = append(plugins, RBACEscalation{rbac, authorizer})
	}
	return append(plugins, &ResourceQuota{Reader: reader, Tables: tables})
}

// is says whether the request is for that resource, and subresource ("a/b").
func (r *Request) is(resource *api.Resource, subresource string) bool {
	return r.Resource.GroupResource() == resource.GroupResource() && r.Subresource == subresource
}

// newPod returns the pod that is about to be created.
func (r *Request) newPod(pods *api.Resource) *corev1.Pod {
	if r.Operation != Create || !r.is(pods, "") {
		return nil
	}
	pod, _ := r.Object.(*corev1.Pod)
	return pod
}

// name is what refusals call the object.
func (r *Request) name() string {
	if r.Name != "" {
		return r.Name
	}
	if o, ok := r.Object.(api.Object); ok {
		if o.GetName() != "" {
			return o.GetName()
		}
		return o.GetGenerateName()
	}
	return ""
}

// forbid refuses the request, for that reason.
func (r *Request) forbid(reason string) error {
	gr := schema.GroupResource{Group: r.Resource.Group, Resource: r.Resource.Plural}
	return apierrors.NewForbidden(gr, r.name(), errors.New(reason))
}
