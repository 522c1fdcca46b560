package resource

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateDevice judges a device of a slice. old is what the slice said of it
// before, or nil; perDevice says that devices name their nodes themselves.
func validateDevice(d, old *resourcev1.Device, perDevice bool, p *field.Path) field.ErrorList {
	errs := label(p.Child("name"), d.Name)
	errs = append(errs, validateSize(d, p)...)
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		a := d.Attributes[name]
		errs = append(errs, qualifiedName(p.Child("attributes"), string(name))...)
		errs = append(errs, validateAttribute(&a, p.Child("attributes").Key(shortened(string(name))))...)
	}
	if old == nil || !equality.Semantic.DeepEqual(old.Capacity, d.Capacity) {
		errs = append(errs, validateCapacities(d, p.Child("capacity"))...)
	}
	if old == nil || !equality.Semantic.DeepEqual(old.Taints, d.Taints) {
		errs = append(errs, validateTaints(d.Taints, p.Child("taints"))...)
	}
	errs = append(errs, each(p.Child("consumesCounters"), d.ConsumesCounters, resourcev1.ResourceSliceMaxDeviceCounterConsumptionsPerDevice,
		func(p *field.Path, c *resourcev1.DeviceCounterConsumption) field.ErrorList {
			return limitCounters(len(c.Counters), resourcev1.ResourceSliceMaxCountersPerDeviceCounterConsumption, p)
		})...)
	errs = append(errs, validateDeviceNodes(d, perDevice, p)...)
	return append(errs, validateBinding(d.BindingConditions, d.BindingFailureConditions, p)...)
}

// validateSize bounds what is said of one device.
func validateSize(d *resourcev1.Device, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if n := len(d.Attributes) + len(d.Capacity); n > resourcev1.ResourceSliceMaxAttributesAndCapacitiesPerDevice {
		errs = append(errs, field.Invalid(p, n, fmt.Sprintf("the total number of attributes and capacities must not exceed %d",
			resourcev1.ResourceSliceMaxAttributesAndCapacitiesPerDevice)))
	}
	values := 0
	for _, a := range d.Attributes {
		values += max(1, len(a.BoolValues)+len(a.IntValues)+len(a.StringValues)+len(a.VersionValues))
	}
	if values > resourcev1.ResourceSliceMaxAttributeValuesPerDevice {
		errs = append(errs, field.Invalid(p, values, fmt.Sprintf("the total number of attribute values must not exceed %d",
			resourcev1.ResourceSliceMaxAttributeValuesPerDevice)))
	}
	return errs
}

// shortened cuts a key out of the middle when it is longer than any valid one.
func shortened(key string) string {
	const longest = resourcev1.DeviceMaxDomainLength + 1 + resourcev1.DeviceMaxIDLength
	if len(key) <= longest {
		return key
	}
	rest := longest - len("...")
	return key[:(rest+1)/2] + "..." + key[len(key)-rest/2:]
}

// version is what semver.org calls a version, 2.0.0.
var version = regexp.MustCompile(`^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}` +
	`(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?` +
	`(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`)

// validateAttribute judges the value of an attribute. That there is one and
// only one is a published rule.
func validateAttribute(a *resourcev1.DeviceAttribute, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.StringValue != nil {
		errs = append(errs, limitValue(p.Child("string"), *a.StringValue)...)
	}
	if a.VersionValue != nil {
		errs = append(errs, validateVersion(p.Child("version"), *a.VersionValue)...)
	}
	for i, s := range a.StringValues {
		errs = append(errs, limitValue(p.Child("strings").Index(i), s)...)
	}
	for i, v := range a.VersionValues {
		errs = append(errs, validateVersion(p.Child("versions").Index(i), v)...)
	}
	return errs
}

func validateVersion(p *field.Path, v string) field.ErrorList {
	var errs field.ErrorList
	if !version.MatchString(v) {
		errs = append(errs, field.Invalid(p, v, "must be a string compatible with semver.org spec 2.0.0"))
	}
	return append(errs, limitValue(p, v)...)
}

func limitValue(p *field.Path, v string) field.ErrorList {
	if len(v) > resourcev1.DeviceAttributeMaxValueLength {
		return field.ErrorList{field.TooLong(p, v, resourcev1.DeviceAttributeMaxValueLength)}
	}
	return nil
}

func validateTaints(taints []resourcev1.DeviceTaint, p *field.Path) field.ErrorList {
	if len(taints) > resourcev1.DeviceTaintsMaxLength {
		return field.ErrorList{field.TooMany(p, len(taints), resourcev1.DeviceTaintsMaxLength)}
	}
	return each(p, taints, resourcev1.DeviceTaintsMaxLength, validateTaint)
}

func validateDeviceNodes(d *resourcev1.Device, perDevice bool, p *field.Path) field.ErrorList {
	if !perDevice {
		if d.NodeName != nil || d.NodeSelector != nil || d.AllNodes != nil {
			return field.ErrorList{field.Invalid(p, nil,
				"`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec")}
		}
		return nil
	}
	n := nodes{p: p}
	n.name(d.NodeName, "must not be empty")
	n.selector(d.NodeSelector)
	n.flag("allNodes", d.AllNodes)
	const one = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
	return n.exactlyOne(one, one)
}

// validateBinding judges the conditions that a pod waits for before it is
// bound, and those on which it gives up: both or none.
func validateBinding(conditions, failures []string, p *field.Path) field.ErrorList {
	cp, fp := p.Child("bindingConditions"), p.Child("bindingFailureConditions")
	name := func(p *field.Path, s *string) field.ErrorList { return metavalidation.ValidateLabelName(*s, p) }
	errs := each(cp, conditions, resourcev1.BindingConditionsMaxSize, name)
	errs = append(errs, each(fp, failures, resourcev1.BindingFailureConditionsMaxSize, name)...)
	seen, failed := meta.Unique[string]{}, meta.Unique[string]{}
	for i, c := range conditions {
		errs = append(errs, seen.Check(cp.Index(i), c)...)
	}
	for i, c := range failures {
		errs = append(errs, failed.Check(fp.Index(i), c)...)
		if seen[c] {
			errs = append(errs, field.Invalid(fp.Index(i), c, "bindingFailureConditions must not overlap with bindingConditions"))
		}
	}
	switch {
	case len(conditions) == 0 && len(failures) > 0:
		errs = append(errs, field.Invalid(cp, conditions, "bindingConditions are required to use bindingFailureConditions"))
	case len(failures) == 0 && len(conditions) > 0:
		errs = append(errs, field.Invalid(fp, failures, "bindingFailureConditions are required to use bindingConditions"))
	}
	return errs
}
