package core

import (
	"maps"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// Node is a machine that runs pods. Its kubelet creates it, status and all.
var Node = api.Define(api.Kind[*corev1.Node]{
	GVK: gv.WithKind("Node"), Plural: "nodes", Prefix: "minions",
	ShortNames: []string{"no"},
	New:        api.New[corev1.Node], NewList: api.NewList[corev1.NodeList],

	Default: defaultNode,
	PrepareCreate: func(o *corev1.Node) {
		o.Spec.ConfigSource, o.Status.Config = nil, nil
	},
	PrepareUpdate: func(o, old *corev1.Node) {
		if old.Spec.ConfigSource == nil {
			o.Spec.ConfigSource = nil
		}
	},
	Validate:       validateNode,
	ValidateNew:    validatePreemptionPolicy,
	ValidateUpdate: validateNodeUpdate,
	Warnings:       nodeWarnings,

	Parts: []api.PartOf[*corev1.Node]{
		api.Status(func(dst, src *corev1.Node) { dst.Status = src.Status }).Along(copyHolders).Along(dropNodeConfig).
			GivenOnCreate().Validated(validateNodeStatus),
	},
	Subresources: []api.Subresource{api.Proxy("NodeProxyOptions")},

	Columns: table.Of("Name", "Status", "Roles", "Age", "Version").
		Wide("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime").
		Docs(map[string]string{
			"Status": "The status of the node", "Roles": "The roles of the node",
			"Version":           corev1.NodeSystemInfo{}.SwaggerDoc()["kubeletVersion"],
			"Internal-IP":       corev1.NodeStatus{}.SwaggerDoc()["addresses"],
			"External-IP":       corev1.NodeStatus{}.SwaggerDoc()["addresses"],
			"OS-Image":          corev1.NodeSystemInfo{}.SwaggerDoc()["osImage"],
			"Kernel-Version":    corev1.NodeSystemInfo{}.SwaggerDoc()["kernelVersion"],
			"Container-Runtime": corev1.NodeSystemInfo{}.SwaggerDoc()["containerRuntimeVersion"],
		}),
	Row:        nodeRow,
	FieldNames: []string{"spec.unschedulable"},
	Fields: func(o *corev1.Node) map[string]string {
		return map[string]string{"spec.unschedulable": strconv.FormatBool(o.Spec.Unschedulable)}
	},
})

func defaultNode(o *corev1.Node) {
	if o.Status.Allocatable == nil {
		o.Status.Allocatable = maps.Clone(o.Status.Capacity)
	}
	// podCIDR is the first of podCIDRs. Clients may write either; who writes
	// both, and does not know of the list, means the one.
	s := &o.Spec
	if s.PodCIDR != "" && (len(s.PodCIDRs) == 0 || s.PodCIDRs[0] != s.PodCIDR) {
		s.PodCIDRs = []string{s.PodCIDR}
	}
	if len(s.PodCIDRs) > 0 {
		s.PodCIDR = s.PodCIDRs[0]
	}
}

// dropNodeConfig leaves out the state of a configuration that kubelets no
// longer take, unless it was there before.
func dropNodeConfig(was, sent *corev1.Node) {
	if was.Status.Config == nil {
		sent.Status.Config = nil
	}
}

func nodeWarnings(o *corev1.Node) []string {
	var warnings []string
	if o.Spec.ConfigSource != nil {
		warnings = append(warnings, "spec.configSource: the feature is removed")
	}
	if o.Spec.DoNotUseExternalID != "" {
		warnings = append(warnings, "spec.externalID: this field is deprecated, and is unused by Kubernetes")
	}
	for i, cidr := range o.Spec.PodCIDRs {
		p := field.NewPath("spec", "podCIDRs").Index(i)
		if len(validation.IsValidCIDRForLegacyField(p, cidr, false, nil)) == 0 {
			warnings = append(warnings, validation.GetWarningsForCIDR(p, cidr)...)
		}
	}
	return warnings
}
