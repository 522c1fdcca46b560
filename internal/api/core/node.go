package core

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// Node is a machine that runs pods. Its kubelet creates it, status and all.
var Node = api.Define(api.Kind[*corev1.Node]{
	GVK: gv.WithKind("Node"), Plural: "nodes", Prefix: "minions",
	ShortNames: []string{"no"},
	New:        api.New[corev1.Node], NewList: api.NewList[corev1.NodeList],

	Default:        defaultNode,
	Validate:       validateNode,
	ValidateUpdate: validateNodeUpdate,

	Parts: []api.PartOf[*corev1.Node]{
		api.Status(func(dst, src *corev1.Node) { dst.Status = src.Status }).GivenOnCreate().Validated(validateNodeUpdateStatus),
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
	// podCIDR is the first of podCIDRs; clients may write either.
	if len(o.Spec.PodCIDRs) == 0 && o.Spec.PodCIDR != "" {
		o.Spec.PodCIDRs = []string{o.Spec.PodCIDR}
	}
	if len(o.Spec.PodCIDRs) > 0 {
		o.Spec.PodCIDR = o.Spec.PodCIDRs[0]
	}
}

func validateNode(o *corev1.Node) field.ErrorList {
	// Taints are reported below metadata: what clients know is older than spec.taints.
	errs := validateTaints(o.Spec.Taints, field.NewPath("metadata", "taints"))
	errs = append(errs, validateAmountsOf("capacity", o.Status.Capacity)...)
	errs = append(errs, validateAmountsOf("allocatable", o.Status.Allocatable)...)
	p, cidrs := field.NewPath("spec", "podCIDRs"), o.Spec.PodCIDRs
	var bad field.ErrorList
	for i, c := range cidrs {
		bad = append(bad, validation.IsValidCIDRForLegacyField(p.Index(i), c, false, nil)...)
	}
	if errs = append(errs, bad...); len(cidrs) < 2 || len(bad) > 0 {
		return errs
	}
	if len(cidrs) > 2 || strings.Contains(cidrs[0], ":") == strings.Contains(cidrs[1], ":") {
		errs = append(errs, field.Invalid(p, cidrs, "may specify no more than one CIDR for each IP family"))
	}
	seen := meta.Unique[string]{}
	for i, c := range cidrs {
		errs = append(errs, seen.Check(p.Index(i), c)...)
	}
	return errs
}

func validateAmountsOf(what string, list corev1.ResourceList) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(list)) {
		errs = append(errs, pod.ValidateQuantity(field.NewPath("status", what, string(name)), name, list[name])...)
	}
	return errs
}

func validateTaints(taints []corev1.Taint, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := sets.New[string]()
	for i, t := range taints {
		ip := p.Index(i)
		errs = append(errs, meta.Invalid(ip.Child("key"), t.Key, validation.IsQualifiedName(t.Key))...)
		if msgs := validation.IsValidLabelValue(t.Value); len(msgs) > 0 {
			errs = append(errs, field.Invalid(ip.Child("value"), t.Value, strings.Join(msgs, ";")))
		}
		errs = append(errs, meta.Enum(ip.Child("effect"), t.Effect,
			corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)...)
		id := t.Key + ":" + string(t.Effect)
		if seen.Has(id) {
			d := field.Duplicate(ip, t)
			d.Detail = "taints must be unique by key and effect pair"
			errs = append(errs, d)
		}
		seen.Insert(id)
	}
	return errs
}

func validateNodeUpdate(o, old *corev1.Node) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	addresses := meta.Unique[corev1.NodeAddress]{}
	for i, a := range o.Status.Addresses {
		errs = append(errs, addresses.Check(field.NewPath("status", "addresses").Index(i), a)...)
	}
	if o.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		errs = append(errs, field.Forbidden(p.Child("externalID"), "may not be updated"))
	}
	if len(old.Spec.PodCIDRs) > 0 && !slices.Equal(o.Spec.PodCIDRs, old.Spec.PodCIDRs) {
		errs = append(errs, field.Forbidden(p.Child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid"))
	}
	if old.Spec.ProviderID != "" && o.Spec.ProviderID != old.Spec.ProviderID {
		errs = append(errs, field.Forbidden(p.Child("providerID"), "node updates may not change providerID except from \"\" to valid"))
	}
	return errs
}

// validateNodeUpdateStatus judges what kubelets write of their node.
func validateNodeUpdateStatus(o, old *corev1.Node) field.ErrorList {
	return append(validateNode(o), validateNodeUpdate(o, old)...)
}

func nodeRow(o *corev1.Node) []any {
	i := o.Status.NodeInfo
	return []any{
		o.Name, nodeStatus(o), nodeRoles(o), table.Age(o.CreationTimestamp), i.KubeletVersion,
		nodeAddress(o, corev1.NodeInternalIP), nodeAddress(o, corev1.NodeExternalIP),
		table.Or(i.OSImage, table.Unknown), table.Or(i.KernelVersion, table.Unknown), table.Or(i.ContainerRuntimeVersion, table.Unknown),
	}
}

func nodeStatus(o *corev1.Node) string {
	status := "Unknown"
	for _, c := range o.Status.Conditions {
		if c.Type != corev1.NodeReady {
			continue
		}
		status = "NotReady"
		if c.Status == corev1.ConditionTrue {
			status = "Ready"
		}
	}
	if o.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	return status
}

// Labels that name the roles of a node: in the key, and, the older one, in the
// value.
const (
	rolePrefix = "node-role.kubernetes.io/"
	roleLabel  = "kubernetes.io/role"
)

func nodeRoles(o *corev1.Node) string {
	roles := sets.New[string]()
	for k, v := range o.Labels {
		if role, ok := strings.CutPrefix(k, rolePrefix); ok && role != "" {
			roles.Insert(role)
		} else if k == roleLabel && v != "" {
			roles.Insert(v)
		}
	}
	return table.Join(sets.List(roles))
}

func nodeAddress(o *corev1.Node, t corev1.NodeAddressType) string {
	for _, a := range o.Status.Addresses {
		if a.Type == t {
			return a.Address
		}
	}
	return table.None
}
