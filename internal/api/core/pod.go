package core

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// Pod is a group of containers on one node.
var Pod = api.Define(api.Kind[*corev1.Pod]{
	GVK: gv.WithKind("Pod"), Plural: "pods", Prefix: "pods", Namespaced: true, ReturnsDeleted: true,
	ShortNames: []string{"po"}, Categories: []string{"all"},
	New: api.New[corev1.Pod], NewList: api.NewList[corev1.PodList],

	Default:        defaultPod,
	PrepareCreate:  preparePod,
	PrepareUpdate:  preparePodUpdate,
	Validate:       pod.ValidateAnnotations,
	ValidateSpec:   pod.ValidateSpec,
	ValidateNew:    pod.ValidateNew,
	ValidateUpdate: validatePodUpdate,
	Warnings:       podWarnings,
	UpdateWarnings: func(_, _ *corev1.Pod) []string { return nil }, // machines change them
	Spec:           func(o *corev1.Pod) any { return &o.Spec },
	GracePeriod:    podGracePeriod,

	Parts: []api.PartOf[*corev1.Pod]{
		api.Status(func(dst, src *corev1.Pod) { dst.Status = src.Status }).Along(copyFinalizers).Along(keepPodStatus).
			Validated(validatePodStatus),
		{
			Name: "ephemeralcontainers",
			Copy: func(dst, src *corev1.Pod) {
				dst.Spec.EphemeralContainers = src.Spec.EphemeralContainers
				defaultPod(dst)
			},
			Validate: validateEphemeralUpdate,
		},
		{Name: "resize", Copy: copyResources, Validate: validateResize},
	},
	Subresources: []api.Subresource{
		api.Connect("attach", "PodAttachOptions"),
		{Name: "binding", Kind: gv.WithKind("Binding"), Verbs: []string{"create"}},
		{Name: "eviction", Kind: policyv1.SchemeGroupVersion.WithKind("Eviction"), Verbs: []string{"create"}},
		api.Connect("exec", "PodExecOptions"),
		{Name: "log", Kind: gv.WithKind("Pod"), Verbs: []string{"get"}},
		api.Connect("portforward", "PodPortForwardOptions"),
		api.Proxy("PodProxyOptions"),
	},

	Columns: podColumns,
	Row:     podRow,
	RowIgnores: []string{
		"metadata.annotations", "metadata.labels", "metadata.namespace", "metadata.uid", "metadata.resourceVersion",
		"metadata.generateName", "metadata.ownerReferences", "metadata.finalizers",
		"spec.volumes", "spec.tolerations", "spec.affinity", "spec.securityContext", "spec.topologySpreadConstraints",
		"spec.restartPolicy", "spec.dnsPolicy", "spec.serviceAccountName", "spec.serviceAccount", "spec.schedulerName",
		"spec.nodeSelector", "spec.imagePullSecrets", "spec.priority", "spec.preemptionPolicy", "spec.terminationGracePeriodSeconds",
		"spec.enableServiceLinks",
		"spec.containers.name", "spec.containers.image", "spec.containers.command", "spec.containers.args", "spec.containers.env",
		"spec.containers.ports", "spec.containers.resources", "spec.containers.volumeMounts", "spec.containers.livenessProbe",
		"spec.containers.readinessProbe", "spec.containers.startupProbe", "spec.containers.lifecycle", "spec.containers.securityContext",
		"spec.containers.terminationMessagePath", "spec.containers.terminationMessagePolicy", "spec.containers.imagePullPolicy",
		"status.qosClass", "status.hostIP", "status.hostIPs", "status.startTime", "status.conditions.lastTransitionTime",
		"status.conditions.message", "status.containerStatuses.image", "status.containerStatuses.imageID",
		"status.containerStatuses.containerID", "status.containerStatuses.volumeMounts", "status.containerStatuses.resources",
	},
	FieldNames: []string{
		"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
		"status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
	},
	Fields:       podFields,
	FieldAliases: map[string]string{"spec.host": "spec.nodeName"}, // as it was called before v1
})

// defaultPod fills in more than a template gets: what must not appear in the
// objects that hold templates.
func defaultPod(o *corev1.Pod) {
	pod.Default(o)
	pod.EachContainer(&o.Spec, func(c *corev1.Container, t pod.ContainerType) {
		if t == pod.EphemeralContainers {
			return
		}
		requestLimits(&c.Resources)
		if o.Spec.HostNetwork {
			for i := range c.Ports {
				meta.Fill(&c.Ports[i].HostPort, c.Ports[i].ContainerPort)
			}
		}
	})
	meta.FillPtr(&o.Spec.EnableServiceLinks, corev1.DefaultEnableServiceLinks)
	settlePodIPs(&o.Status)
}

// settlePodIPs: podIP is the first of podIPs. Clients may write either; who
// writes both, and does not know of the list, means the one.
func settlePodIPs(s *corev1.PodStatus) {
	if s.PodIP != "" && (len(s.PodIPs) == 0 || s.PodIPs[0].IP != s.PodIP) {
		s.PodIPs = []corev1.PodIP{{IP: s.PodIP}}
	}
	if len(s.PodIPs) > 0 {
		s.PodIP = s.PodIPs[0].IP
	}
}

// requestLimits asks for as much as the limit where nothing is asked for.
func requestLimits(r *corev1.ResourceRequirements) {
	for name, limit := range r.Limits {
		if _, ok := r.Requests[name]; ok {
			continue
		}
		if r.Requests == nil {
			r.Requests = corev1.ResourceList{}
		}
		r.Requests[name] = limit
	}
}

// podWarnings: names of pods become host names, and some annotations have
// become fields.
func podWarnings(o *corev1.Pod) []string {
	var warnings []string
	if msgs := validation.IsDNS1123Label(o.Name); len(msgs) > 0 {
		warnings = append(warnings, fmt.Sprintf("metadata.name: this is used in the Pod's hostname, "+
			"which can result in surprising behavior; a DNS label is recommended: %v", msgs))
	}
	warnings = append(warnings, pod.Warnings(o)...)
	return append(warnings, appArmorWarnings(o)...)
}

// podGracePeriod: what was asked for, or else the pod's own, but nothing to
// wait for where no kubelet runs the pod or its containers have ended.
func podGracePeriod(o *corev1.Pod, asked *int64) int64 {
	period := int64(0)
	switch {
	case o.Spec.NodeName == "", o.Status.Phase == corev1.PodFailed, o.Status.Phase == corev1.PodSucceeded:
		return 0
	case asked != nil:
		period = *asked
	case o.Spec.TerminationGracePeriodSeconds != nil:
		period = *o.Spec.TerminationGracePeriodSeconds
	}
	if period < 0 {
		return 1
	}
	return period
}

func podFields(o *corev1.Pod) map[string]string {
	ip := o.Status.PodIP
	var ips []string
	for _, p := range o.Status.PodIPs {
		ips = append(ips, p.IP)
	}
	if ip == "" && len(ips) > 0 {
		ip = ips[0]
	}
	return map[string]string{
		"spec.nodeName":            o.Spec.NodeName,
		"spec.restartPolicy":       string(o.Spec.RestartPolicy),
		"spec.schedulerName":       o.Spec.SchedulerName,
		"spec.serviceAccountName":  o.Spec.ServiceAccountName,
		"spec.hostNetwork":         strconv.FormatBool(o.Spec.HostNetwork),
		"status.phase":             string(o.Status.Phase),
		"status.podIP":             ip,
		"status.podIPs":            strings.Join(ips, ","),
		"status.nominatedNodeName": o.Status.NominatedNodeName,
	}
}
