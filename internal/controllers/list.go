package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/record"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"skiff/internal/client"
	"skiff/internal/controllers/certificates/approve"
	"skiff/internal/controllers/certificates/sign"
	"skiff/internal/controllers/clusterroleaggregation"
	"skiff/internal/controllers/cronjob"
	"skiff/internal/controllers/daemonset"
	"skiff/internal/controllers/deployment"
	"skiff/internal/controllers/disruption"
	"skiff/internal/controllers/endpoints"
	"skiff/internal/controllers/endpointslice"
	"skiff/internal/controllers/garbagecollector"
	"skiff/internal/controllers/job"
	"skiff/internal/controllers/namespace"
	"skiff/internal/controllers/nodeipam"
	"skiff/internal/controllers/nodelifecycle"
	"skiff/internal/controllers/podgc"
	"skiff/internal/controllers/replicaset"
	"skiff/internal/controllers/replicationcontroller"
	"skiff/internal/controllers/resourcequota"
	"skiff/internal/controllers/rootca"
	"skiff/internal/controllers/serviceaccount"
	"skiff/internal/controllers/serviceaccounttoken"
	"skiff/internal/controllers/servicecidr"
	"skiff/internal/controllers/statefulset"
	"skiff/internal/controllers/storageprotection"
	"skiff/internal/controllers/ttlafterfinished"
)

// entry is one controller of the list.
type entry struct {
	name    string // as users know it
	account string // its service account in kube-system
	needs   []schema.GroupVersionResource
	when    func(Config) bool // nil: always
	build   func(environment) (runner, error)
}

type runner interface{ Run(context.Context) error }

// environment is what a controller is made with: clients of its own identity,
// and the informers of all.
type environment struct {
	*builder
	client.Clients
	account string
}

// events makes a recorder; Events say that they come from the controller.
func (e environment) events() record.EventRecorder {
	return client.NewRecorder(e.ctx, e.Kube, e.account)
}

var (
	podResource       = corev1.SchemeGroupVersion.WithResource("pods")
	nodeResource      = corev1.SchemeGroupVersion.WithResource("nodes")
	claimResource     = corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")
	serviceResource   = corev1.SchemeGroupVersion.WithResource("services")
	namespaceResource = corev1.SchemeGroupVersion.WithResource("namespaces")
	csrResource       = certificatesv1.SchemeGroupVersion.WithResource("certificatesigningrequests")
	setResource       = appsv1.SchemeGroupVersion.WithResource("replicasets")
	jobResource       = batchv1.SchemeGroupVersion.WithResource("jobs")
	revisionResource  = appsv1.SchemeGroupVersion.WithResource("controllerrevisions")
)

// list is all controllers there are.
var list = []entry{
	{
		name: "deployment", account: "deployment-controller",
		needs: []schema.GroupVersionResource{appsv1.SchemeGroupVersion.WithResource("deployments"), setResource, podResource},
		build: func(e environment) (runner, error) { return deployment.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "replicaset", account: "replicaset-controller",
		needs: []schema.GroupVersionResource{setResource, podResource},
		build: func(e environment) (runner, error) { return replicaset.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "daemonset", account: "daemon-set-controller",
		needs: []schema.GroupVersionResource{appsv1.SchemeGroupVersion.WithResource("daemonsets"), revisionResource, podResource, nodeResource},
		build: func(e environment) (runner, error) { return daemonset.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "replicationcontroller", account: "replication-controller",
		needs: []schema.GroupVersionResource{corev1.SchemeGroupVersion.WithResource("replicationcontrollers"), podResource},
		build: func(e environment) (runner, error) { return replicationcontroller.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "statefulset", account: "statefulset-controller",
		needs: []schema.GroupVersionResource{
			appsv1.SchemeGroupVersion.WithResource("statefulsets"), revisionResource, podResource, claimResource,
		},
		build: func(e environment) (runner, error) { return statefulset.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "job", account: "job-controller",
		needs: []schema.GroupVersionResource{jobResource, podResource},
		build: func(e environment) (runner, error) { return job.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "cronjob", account: "cronjob-controller",
		needs: []schema.GroupVersionResource{batchv1.SchemeGroupVersion.WithResource("cronjobs"), jobResource},
		build: func(e environment) (runner, error) { return cronjob.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "ttl-after-finished", account: "ttl-after-finished-controller",
		needs: []schema.GroupVersionResource{jobResource},
		build: func(e environment) (runner, error) { return ttlafterfinished.New(e.Kube, e.factory), nil },
	},
	{
		name: "disruption", account: "disruption-controller",
		needs: []schema.GroupVersionResource{
			policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"), podResource, setResource,
			appsv1.SchemeGroupVersion.WithResource("deployments"), appsv1.SchemeGroupVersion.WithResource("statefulsets"),
			corev1.SchemeGroupVersion.WithResource("replicationcontrollers"),
		},
		build: func(e environment) (runner, error) { return disruption.New(e.Kube, e.factory, e.events()), nil },
	},
	{
		name: "endpoints", account: "endpoint-controller",
		needs: []schema.GroupVersionResource{serviceResource, podResource, corev1.SchemeGroupVersion.WithResource("endpoints")},
		build: func(e environment) (runner, error) { return endpoints.New(e.Kube, e.factory, e.events()), nil },
	},
	{
		name: "endpointslice", account: "endpointslice-controller",
		needs: []schema.GroupVersionResource{serviceResource, podResource, nodeResource, discoveryv1.SchemeGroupVersion.WithResource("endpointslices")},
		build: func(e environment) (runner, error) { return endpointslice.New(e.Kube, e.factory, e.events()) },
	},
	{
		name: "namespace", account: "namespace-controller",
		needs: []schema.GroupVersionResource{namespaceResource, podResource},
		build: func(e environment) (runner, error) { return namespace.New(e.Clients, e.factory), nil },
	},
	{
		name: "serviceaccount", account: "service-account-controller",
		needs: []schema.GroupVersionResource{namespaceResource, corev1.SchemeGroupVersion.WithResource("serviceaccounts")},
		build: func(e environment) (runner, error) { return serviceaccount.New(e.Kube, e.shared.Kube, e.factory), nil },
	},
	{
		name: "serviceaccount-token", account: "service-account-controller",
		needs: []schema.GroupVersionResource{corev1.SchemeGroupVersion.WithResource("serviceaccounts"), corev1.SchemeGroupVersion.WithResource("secrets")},
		build: func(e environment) (runner, error) { return serviceaccounttoken.New(e.shared.Kube, e.cfg.RootCA), nil },
	},
	{
		name: "root-ca-certificate-publisher", account: "root-ca-cert-publisher",
		needs: []schema.GroupVersionResource{namespaceResource, corev1.SchemeGroupVersion.WithResource("configmaps")},
		when:  func(c Config) bool { return len(c.RootCA) > 0 },
		build: func(e environment) (runner, error) {
			return rootca.New(e.Kube, e.shared.Kube, e.factory, e.cfg.RootCA), nil
		},
	},
	{
		name: "garbage-collector", account: "generic-garbage-collector",
		build: func(e environment) (runner, error) { return garbagecollector.New(e.Clients), nil },
	},
	{
		name: "node-ipam", account: "node-controller",
		needs: []schema.GroupVersionResource{nodeResource},
		when:  func(c Config) bool { return len(c.ClusterCIDR) > 0 },
		build: func(e environment) (runner, error) {
			return nodeipam.New(e.Kube, e.factory, e.events(), e.cfg.ClusterCIDR)
		},
	},
	{
		name: "node-lifecycle", account: "node-controller",
		needs: []schema.GroupVersionResource{nodeResource, podResource, coordinationv1.SchemeGroupVersion.WithResource("leases")},
		build: func(e environment) (runner, error) {
			return nodelifecycle.New(e.Kube, e.factory, e.events(), e.cfg.NodeMonitorGracePeriod), nil
		},
	},
	{
		name: "service-cidr", account: "service-cidrs-controller",
		needs: []schema.GroupVersionResource{networkingv1.SchemeGroupVersion.WithResource("servicecidrs"), networkingv1.SchemeGroupVersion.WithResource("ipaddresses")},
		build: func(e environment) (runner, error) { return servicecidr.New(e.Kube, e.factory), nil },
	},
	{
		name: "pod-garbage-collector", account: "pod-garbage-collector",
		needs: []schema.GroupVersionResource{podResource, nodeResource},
		build: func(e environment) (runner, error) { return podgc.New(e.Kube, e.factory), nil },
	},
	{
		name: "resourcequota", account: "resourcequota-controller",
		needs: []schema.GroupVersionResource{corev1.SchemeGroupVersion.WithResource("resourcequotas"), podResource, serviceResource, claimResource},
		build: func(e environment) (runner, error) { return resourcequota.New(e.Clients, e.factory), nil },
	},
	{
		name: "persistentvolumeclaim-protection", account: "pvc-protection-controller",
		needs: []schema.GroupVersionResource{claimResource, podResource},
		build: func(e environment) (runner, error) { return storageprotection.NewClaims(e.Kube, e.factory), nil },
	},
	{
		name: "persistentvolume-protection", account: "pv-protection-controller",
		needs: []schema.GroupVersionResource{corev1.SchemeGroupVersion.WithResource("persistentvolumes")},
		build: func(e environment) (runner, error) { return storageprotection.NewVolumes(e.Kube, e.factory), nil },
	},
	{
		name: "clusterrole-aggregation", account: "clusterrole-aggregation-controller",
		needs: []schema.GroupVersionResource{rbacv1.SchemeGroupVersion.WithResource("clusterroles")},
		build: func(e environment) (runner, error) { return clusterroleaggregation.New(e.Kube, e.factory), nil },
	},
	{
		name: "certificatesigningrequest-approving", account: "certificate-controller",
		needs: []schema.GroupVersionResource{csrResource, nodeResource},
		build: func(e environment) (runner, error) { return approve.New(e.Kube, e.factory), nil },
	},
	{
		name: "certificatesigningrequest-signing", account: "certificate-controller",
		needs: []schema.GroupVersionResource{csrResource},
		when:  func(c Config) bool { return c.Signer != nil },
		build: func(e environment) (runner, error) { return sign.New(e.Kube, e.factory, e.cfg.Signer), nil },
	},
}
