package client

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appslisters "k8s.io/client-go/listers/apps/v1"
	batchlisters "k8s.io/client-go/listers/batch/v1"
	certificateslisters "k8s.io/client-go/listers/certificates/v1"
	coordinationlisters "k8s.io/client-go/listers/coordination/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	policylisters "k8s.io/client-go/listers/policy/v1"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
)

// An informer of each kind that a component follows, in all namespaces.

func (f *Informers) Pods() Informer[corelisters.PodLister] {
	return of(f, &corev1.Pod{}, f.kube.CoreV1().Pods(metav1.NamespaceAll), corelisters.NewPodLister)
}

func (f *Informers) Nodes() Informer[corelisters.NodeLister] {
	return of(f, &corev1.Node{}, f.kube.CoreV1().Nodes(), corelisters.NewNodeLister)
}

func (f *Informers) Namespaces() Informer[corelisters.NamespaceLister] {
	return of(f, &corev1.Namespace{}, f.kube.CoreV1().Namespaces(), corelisters.NewNamespaceLister)
}

func (f *Informers) Services() Informer[corelisters.ServiceLister] {
	return of(f, &corev1.Service{}, f.kube.CoreV1().Services(metav1.NamespaceAll), corelisters.NewServiceLister)
}

func (f *Informers) Endpoints() Informer[corelisters.EndpointsLister] {
	return of(f, &corev1.Endpoints{}, f.kube.CoreV1().Endpoints(metav1.NamespaceAll), corelisters.NewEndpointsLister)
}

func (f *Informers) ConfigMaps() Informer[corelisters.ConfigMapLister] {
	return of(f, &corev1.ConfigMap{}, f.kube.CoreV1().ConfigMaps(metav1.NamespaceAll), corelisters.NewConfigMapLister)
}

func (f *Informers) Secrets() Informer[corelisters.SecretLister] {
	return of(f, &corev1.Secret{}, f.kube.CoreV1().Secrets(metav1.NamespaceAll), corelisters.NewSecretLister)
}

func (f *Informers) ServiceAccounts() Informer[corelisters.ServiceAccountLister] {
	return of(f, &corev1.ServiceAccount{}, f.kube.CoreV1().ServiceAccounts(metav1.NamespaceAll), corelisters.NewServiceAccountLister)
}

func (f *Informers) PersistentVolumes() Informer[corelisters.PersistentVolumeLister] {
	return of(f, &corev1.PersistentVolume{}, f.kube.CoreV1().PersistentVolumes(), corelisters.NewPersistentVolumeLister)
}

func (f *Informers) PersistentVolumeClaims() Informer[corelisters.PersistentVolumeClaimLister] {
	return of(f, &corev1.PersistentVolumeClaim{}, f.kube.CoreV1().PersistentVolumeClaims(metav1.NamespaceAll), corelisters.NewPersistentVolumeClaimLister)
}

func (f *Informers) ReplicationControllers() Informer[corelisters.ReplicationControllerLister] {
	return of(f, &corev1.ReplicationController{}, f.kube.CoreV1().ReplicationControllers(metav1.NamespaceAll), corelisters.NewReplicationControllerLister)
}

func (f *Informers) ResourceQuotas() Informer[corelisters.ResourceQuotaLister] {
	return of(f, &corev1.ResourceQuota{}, f.kube.CoreV1().ResourceQuotas(metav1.NamespaceAll), corelisters.NewResourceQuotaLister)
}

func (f *Informers) Deployments() Informer[appslisters.DeploymentLister] {
	return of(f, &appsv1.Deployment{}, f.kube.AppsV1().Deployments(metav1.NamespaceAll), appslisters.NewDeploymentLister)
}

func (f *Informers) ReplicaSets() Informer[appslisters.ReplicaSetLister] {
	return of(f, &appsv1.ReplicaSet{}, f.kube.AppsV1().ReplicaSets(metav1.NamespaceAll), appslisters.NewReplicaSetLister)
}

func (f *Informers) DaemonSets() Informer[appslisters.DaemonSetLister] {
	return of(f, &appsv1.DaemonSet{}, f.kube.AppsV1().DaemonSets(metav1.NamespaceAll), appslisters.NewDaemonSetLister)
}

func (f *Informers) StatefulSets() Informer[appslisters.StatefulSetLister] {
	return of(f, &appsv1.StatefulSet{}, f.kube.AppsV1().StatefulSets(metav1.NamespaceAll), appslisters.NewStatefulSetLister)
}

func (f *Informers) ControllerRevisions() Informer[appslisters.ControllerRevisionLister] {
	return of(f, &appsv1.ControllerRevision{}, f.kube.AppsV1().ControllerRevisions(metav1.NamespaceAll), appslisters.NewControllerRevisionLister)
}

func (f *Informers) Jobs() Informer[batchlisters.JobLister] {
	return of(f, &batchv1.Job{}, f.kube.BatchV1().Jobs(metav1.NamespaceAll), batchlisters.NewJobLister)
}

func (f *Informers) CronJobs() Informer[batchlisters.CronJobLister] {
	return of(f, &batchv1.CronJob{}, f.kube.BatchV1().CronJobs(metav1.NamespaceAll), batchlisters.NewCronJobLister)
}

func (f *Informers) CertificateSigningRequests() Informer[certificateslisters.CertificateSigningRequestLister] {
	return of(f, &certificatesv1.CertificateSigningRequest{}, f.kube.CertificatesV1().CertificateSigningRequests(), certificateslisters.NewCertificateSigningRequestLister)
}

func (f *Informers) Leases() Informer[coordinationlisters.LeaseLister] {
	return of(f, &coordinationv1.Lease{}, f.kube.CoordinationV1().Leases(metav1.NamespaceAll), coordinationlisters.NewLeaseLister)
}

func (f *Informers) EndpointSlices() Informer[discoverylisters.EndpointSliceLister] {
	return of(f, &discoveryv1.EndpointSlice{}, f.kube.DiscoveryV1().EndpointSlices(metav1.NamespaceAll), discoverylisters.NewEndpointSliceLister)
}

func (f *Informers) IPAddresses() Informer[networkinglisters.IPAddressLister] {
	return of(f, &networkingv1.IPAddress{}, f.kube.NetworkingV1().IPAddresses(), networkinglisters.NewIPAddressLister)
}

func (f *Informers) ServiceCIDRs() Informer[networkinglisters.ServiceCIDRLister] {
	return of(f, &networkingv1.ServiceCIDR{}, f.kube.NetworkingV1().ServiceCIDRs(), networkinglisters.NewServiceCIDRLister)
}

func (f *Informers) PodDisruptionBudgets() Informer[policylisters.PodDisruptionBudgetLister] {
	return of(f, &policyv1.PodDisruptionBudget{}, f.kube.PolicyV1().PodDisruptionBudgets(metav1.NamespaceAll), policylisters.NewPodDisruptionBudgetLister)
}

func (f *Informers) ClusterRoles() Informer[rbaclisters.ClusterRoleLister] {
	return of(f, &rbacv1.ClusterRole{}, f.kube.RbacV1().ClusterRoles(), rbaclisters.NewClusterRoleLister)
}
