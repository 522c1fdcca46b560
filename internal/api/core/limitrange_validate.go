package core

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

func validateLimitRange(o *corev1.LimitRange) field.ErrorList {
	var errs field.ErrorList
	types := meta.Unique[corev1.LimitType]{}
	for i := range o.Spec.Limits {
		item, p := &o.Spec.Limits[i], field.NewPath("spec", "limits").Index(i)
		errs = append(errs, validateLimitType(p.Child("type"), item.Type)...)
		errs = append(errs, types.Check(p.Child("type"), item.Type)...)
		errs = append(errs, validateLimits(item, p)...)
	}
	return errs
}

func validateLimitType(p *field.Path, t corev1.LimitType) field.ErrorList {
	errs := meta.Invalid(p, string(t), validation.IsQualifiedName(string(t)))
	known := t == corev1.LimitTypePod || t == corev1.LimitTypeContainer || t == corev1.LimitTypePersistentVolumeClaim
	if len(errs) == 0 && !known && !strings.Contains(string(t), "/") {
		errs = append(errs, field.Invalid(p, t, "must be a standard limit type or fully qualified"))
	}
	return errs
}

// limits are the bounds of one type, as they are compared with each other.
type limits struct{ min, max, defaults, requests, ratios corev1.ResourceList }

func validateLimits(item *corev1.LimitRangeItem, p *field.Path) field.ErrorList {
	l := limits{item.Min, item.Max, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio}
	errs := append(limitNames(item, item.Max, p.Child("max")), limitNames(item, item.Min, p.Child("min"))...)
	if item.Type == corev1.LimitTypePod {
		l.defaults, l.requests = nil, nil
		for _, f := range []struct {
			name string
			list corev1.ResourceList
		}{{"default", item.Default}, {"defaultRequest", item.DefaultRequest}} {
			if len(f.list) > 0 {
				errs = append(errs, field.Forbidden(p.Child(f.name), "may not be specified when `type` is 'Pod'"))
			}
		}
	} else {
		errs = append(errs, limitNames(item, item.Default, p.Child("default"))...)
		errs = append(errs, limitNames(item, item.DefaultRequest, p.Child("defaultRequest"))...)
	}
	_, least := item.Min[corev1.ResourceStorage]
	_, most := item.Max[corev1.ResourceStorage]
	if item.Type == corev1.LimitTypePersistentVolumeClaim && !least && !most {
		errs = append(errs, field.Required(p.Child("limits"), "either minimum or maximum storage value is required, but neither was provided"))
	}
	errs = append(errs, limitNames(item, item.MaxLimitRequestRatio, p.Child("maxLimitRequestRatio"))...)
	for _, name := range l.names() {
		errs = append(errs, l.compare(name, p)...)
		errs = append(errs, l.ratio(name, p.Child("maxLimitRequestRatio").Key(string(name)))...)
		errs = append(errs, l.overcommit(name, p)...)
	}
	return errs
}

// limitNames wants, for pods and containers, resources that they use.
func limitNames(item *corev1.LimitRangeItem, list corev1.ResourceList, p *field.Path) field.ErrorList {
	of := pod.ResourceName
	if item.Type == corev1.LimitTypePod || item.Type == corev1.LimitTypeContainer {
		of = pod.ContainerResourceName
	}
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(list)) {
		errs = append(errs, of(name, p.Key(string(name)))...)
	}
	return errs
}

func (l limits) names() []corev1.ResourceName {
	all := map[corev1.ResourceName]bool{}
	for _, list := range []corev1.ResourceList{l.min, l.max, l.defaults, l.requests, l.ratios} {
		for name := range list {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// compare: min <= defaultRequest <= default <= max, as far as each is given.
// Which of the two the error stands at, and which it shows, are as clients know
// them.
func (l limits) compare(name corev1.ResourceName, p *field.Path) field.ErrorList {
	const min, max, request, limit = "min", "max", "default request", "default"
	var errs field.ErrorList
	for _, c := range []struct {
		lowName, highName string
		low, high         corev1.ResourceList
		at                string
		shown             corev1.ResourceList
	}{
		{min, max, l.min, l.max, "min", l.min},
		{min, request, l.min, l.requests, "defaultRequest", l.requests},
		{request, max, l.requests, l.max, "defaultRequest", l.requests},
		{request, "default limit", l.requests, l.defaults, "defaultRequest", l.requests},
		{min, limit, l.min, l.defaults, "default", l.min},
		{limit, max, l.defaults, l.max, "default", l.max},
	} {
		low, one := c.low[name]
		high, other := c.high[name]
		if one && other && low.Cmp(high) > 0 {
			errs = append(errs, field.Invalid(p.Child(c.at).Key(string(name)), c.shown[name],
				fmt.Sprintf("%s value %s is greater than %s value %s", c.lowName, low.String(), c.highName, high.String())))
		}
	}
	return errs
}

// ratio: a limit is at least the request, and at most max/min of it.
func (l limits) ratio(name corev1.ResourceName, p *field.Path) field.ErrorList {
	ratio, ok := l.ratios[name]
	if !ok {
		return nil
	}
	var errs field.ErrorList
	if ratio.Cmp(*resource.NewQuantity(1, resource.DecimalSI)) < 0 {
		errs = append(errs, field.Invalid(p, ratio, fmt.Sprintf("ratio %s is less than 1", ratio.String())))
	}
	least, one := l.min[name]
	most, other := l.max[name]
	if !one || !other {
		return errs
	}
	r, low, high := float64(ratio.Value()), least.Value(), most.Value()
	if ratio.Value() < resource.MaxMilliValue && low < resource.MaxMilliValue && high < resource.MaxMilliValue {
		r, low, high = float64(ratio.MilliValue())/1000, least.MilliValue(), most.MilliValue()
	}
	if bound := float64(high) / float64(low); r > bound {
		errs = append(errs, field.Invalid(p, ratio, fmt.Sprintf("ratio %s is greater than max/min = %f", ratio.String(), bound)))
	}
	return errs
}

// overcommit: of what is there once, the limit is what was asked for.
func (l limits) overcommit(name corev1.ResourceName, p *field.Path) field.ErrorList {
	limit, one := l.defaults[name]
	request, other := l.requests[name]
	if pod.Overcommits(name) || !one || !other || limit.Cmp(request) == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("defaultRequest").Key(string(name)), request,
		fmt.Sprintf("default value %s must equal to defaultRequest value %s in %s", limit.String(), request.String(), name))}
}
