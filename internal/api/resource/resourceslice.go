package resource

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// ResourceSlice lists the devices of a driver.
var ResourceSlice = api.Define(api.Kind[*resourcev1.ResourceSlice]{
	GVK: gv.WithKind("ResourceSlice"), Plural: "resourceslices", Prefix: "resourceslices", ReturnsDeleted: true,
	New: api.New[resourcev1.ResourceSlice], NewList: api.NewList[resourcev1.ResourceSliceList],
	Spec: func(o *resourcev1.ResourceSlice) any { return &o.Spec },

	Default: func(o *resourcev1.ResourceSlice) {
		for i := range o.Spec.Devices {
			for j := range o.Spec.Devices[i].Taints {
				defaultTaint(&o.Spec.Devices[i].Taints[j])
			}
		}
	},
	PrepareCreate:  func(o *resourcev1.ResourceSlice) { dropFromSlice(&o.Spec, nil) },
	PrepareUpdate:  func(o, old *resourcev1.ResourceSlice) { dropFromSlice(&o.Spec, &old.Spec) },
	ValidateNew:    func(o *resourcev1.ResourceSlice) field.ErrorList { return validateSlice(&o.Spec, nil) },
	ValidateUpdate: func(o, old *resourcev1.ResourceSlice) field.ErrorList { return validateSlice(&o.Spec, &old.Spec) },
	Warnings: func(o *resourcev1.ResourceSlice) []string {
		if driver := o.Spec.Driver; driver != strings.ToLower(driver) {
			return []string{fmt.Sprintf("spec.driver: driver names should be lowercase; %q contains uppercase characters", driver)}
		}
		return nil
	},

	Columns: table.Of("Name", "Node", "Driver", "Pool", "Age").Docs(map[string]string{
		"Node":   resourcev1.ResourceSliceSpec{}.SwaggerDoc()["nodeName"],
		"Driver": resourcev1.ResourceSliceSpec{}.SwaggerDoc()["driver"],
		"Pool":   resourcev1.ResourcePool{}.SwaggerDoc()["name"],
	}),
	Row: func(o *resourcev1.ResourceSlice) []any {
		node := table.Unset
		if o.Spec.NodeName != nil {
			node = *o.Spec.NodeName
		}
		return []any{o.Name, node, o.Spec.Driver, o.Spec.Pool.Name, table.Age(o.CreationTimestamp)}
	},
	FieldNames: []string{resourcev1.ResourceSliceSelectorNodeName, resourcev1.ResourceSliceSelectorDriver, resourcev1.ResourceSliceSelectorPoolName},
	Fields: func(o *resourcev1.ResourceSlice) map[string]string {
		node := ""
		if o.Spec.NodeName != nil {
			node = *o.Spec.NodeName
		}
		return map[string]string{
			resourcev1.ResourceSliceSelectorNodeName: node, resourcev1.ResourceSliceSelectorDriver: o.Spec.Driver,
			resourcev1.ResourceSliceSelectorPoolName: o.Spec.Pool.Name,
		}
	},
})

// validateSlice judges the spec of a slice; old is nil for a new one.
func validateSlice(s, old *resourcev1.ResourceSliceSpec) field.ErrorList {
	p := field.NewPath("spec")
	errs := driverName(p.Child("driver"), s.Driver)
	errs = append(errs, validatePool(&s.Pool, p.Child("pool"))...)
	if old != nil {
		errs = append(errs, meta.Immutable(p.Child("pool", "name"), s.Pool.Name, old.Pool.Name)...)
		errs = append(errs, meta.Immutable(p.Child("driver"), s.Driver, old.Driver)...)
		errs = append(errs, meta.Immutable(p.Child("nodeName"), s.NodeName, old.NodeName)...)
	}
	errs = append(errs, validateSliceNodes(s, p)...)
	if s.SharedCounters != nil && s.Devices != nil {
		errs = append(errs, field.Invalid(p, "", "only one of `sharedCounters` or `devices` is allowed"))
	}
	errs = append(errs, validateDevices(s, old, p.Child("devices"))...)
	errs = append(errs, each(p.Child("sharedCounters"), s.SharedCounters, resourcev1.ResourceSliceMaxCounterSets,
		func(p *field.Path, c *resourcev1.CounterSet) field.ErrorList {
			return limitCounters(len(c.Counters), resourcev1.ResourceSliceMaxCountersPerCounterSet, p)
		})...)
	gated := map[string]bool{"DRAPartitionableDevicesType": s.PartitionTypeAttribute != nil}
	return append(errs, meta.Published(resourcev1.Validate_ResourceSliceSpec, p, s, old, gated)...)
}

func limitCounters(n, limit int, p *field.Path) field.ErrorList {
	if n > limit {
		return field.ErrorList{field.TooMany(p.Child("counters"), n, limit)}
	}
	return nil
}

func validatePool(pool *resourcev1.ResourcePool, p *field.Path) field.ErrorList {
	errs := poolName(p.Child("name"), pool.Name)
	errs = append(errs, meta.Positive(p.Child("resourceSliceCount"), pool.ResourceSliceCount)...)
	if pool.Generation < 0 {
		errs = append(errs, field.Invalid(p.Child("generation"), pool.Generation, "must be greater than or equal to zero"))
	}
	return errs
}

// validateSliceNodes wants one of the ways to say which nodes have the devices.
func validateSliceNodes(s *resourcev1.ResourceSliceSpec, p *field.Path) field.ErrorList {
	n := nodes{p: p}
	n.name(s.NodeName, "must be either unset or set to a non-empty string")
	n.selector(s.NodeSelector)
	if s.NodeSelector != nil && len(s.NodeSelector.NodeSelectorTerms) != 1 {
		// Selectors of several slices can be merged only so.
		n.errs = append(n.errs, field.Invalid(p.Child("nodeSelector", "nodeSelectorTerms"), s.NodeSelector.NodeSelectorTerms,
			"must have exactly one node selector term"))
	}
	n.flag("allNodes", s.AllNodes)
	n.flag("perDeviceNodeSelection", s.PerDeviceNodeSelection)
	const one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
	return n.exactlyOne(one, one+", but multiple fields are set")
}

// nodes collects which of several fields about nodes are set, and what is
// wrong with them.
type nodes struct {
	p    *field.Path
	set  []string
	errs field.ErrorList
}

func (n *nodes) name(name *string, whenEmpty string) {
	switch np := n.p.Child("nodeName"); {
	case name == nil:
	case *name == "":
		n.errs = append(n.errs, field.Invalid(np, *name, whenEmpty))
	default:
		n.set = append(n.set, "`nodeName`")
		n.errs = append(n.errs, meta.Invalid(np, *name, meta.Subdomain(*name, false))...)
	}
}

func (n *nodes) selector(s *corev1.NodeSelector) {
	if s != nil {
		n.set = append(n.set, "`nodeSelector`")
		n.errs = append(n.errs, pod.ValidateNodeSelector(s, n.p.Child("nodeSelector"))...)
	}
}

func (n *nodes) flag(name string, b *bool) {
	switch {
	case b == nil:
	case !*b:
		n.errs = append(n.errs, field.Invalid(n.p.Child(name), *b, "must be either unset or set to true"))
	default:
		n.set = append(n.set, "`"+name+"`")
	}
}

func (n *nodes) exactlyOne(none, many string) field.ErrorList {
	switch {
	case len(n.set) == 0:
		return append(n.errs, field.Required(n.p, none))
	case len(n.set) > 1:
		return append(n.errs, field.Invalid(n.p, "{"+strings.Join(n.set, ", ")+"}", many))
	}
	return n.errs
}

func validateDevices(s, old *resourcev1.ResourceSliceSpec, p *field.Path) field.ErrorList {
	limit := resourcev1.ResourceSliceMaxDevices
	costly := func(d resourcev1.Device) bool {
		return len(d.Taints) > 0 || len(d.ConsumesCounters) > 0 || hasLists(&d)
	}
	if slices.ContainsFunc(s.Devices, costly) {
		limit = resourcev1.ResourceSliceMaxDevicesWithAdvancedFeatures
	}
	if len(s.Devices) > limit {
		return field.ErrorList{field.TooMany(p, len(s.Devices), limit)}
	}
	before := map[string]*resourcev1.Device{}
	if old != nil {
		for i := range old.Devices {
			before[old.Devices[i].Name] = &old.Devices[i]
		}
	}
	var errs field.ErrorList
	perDevice := s.PerDeviceNodeSelection != nil && *s.PerDeviceNodeSelection
	for i := range s.Devices {
		d := &s.Devices[i]
		errs = append(errs, validateDevice(d, before[d.Name], perDevice, p.Index(i))...)
	}
	names := meta.Unique[string]{}
	for i := range s.Devices {
		errs = append(errs, names.Check(p.Index(i), s.Devices[i].Name)...)
	}
	return errs
}
