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

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// LimitRange bounds what one pod or container may ask for.
var LimitRange = api.Define(api.Kind[*corev1.LimitRange]{
	GVK: gv.WithKind("LimitRange"), Plural: "limitranges", Prefix: "limitranges", Namespaced: true,
	ShortNames: []string{"limits"},
	New:        api.New[corev1.LimitRange], NewList: api.NewList[corev1.LimitRangeList],
	AllowCreateOnUpdate: true,

	Default:  defaultLimitRange,
	Validate: validateLimitRange,
})

// defaultLimitRange fills in, for containers: the default limit from the
// maximum; the default request from the default limit, or else the minimum.
func defaultLimitRange(o *corev1.LimitRange) {
	for i := range o.Spec.Limits {
		item := &o.Spec.Limits[i]
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		item.Default = fill(item.Default, item.Max)
		item.DefaultRequest = fill(fill(item.DefaultRequest, item.Default), item.Min)
	}
}

func fill(list, from corev1.ResourceList) corev1.ResourceList {
	for name, q := range from {
		if _, ok := list[name]; !ok {
			if list == nil {
				list = corev1.ResourceList{}
			}
			list[name] = q
		}
	}
	return list
}

func validateLimitRange(o *corev1.LimitRange) field.ErrorList {
	var errs field.ErrorList
	types := meta.Unique[corev1.LimitType]{}
	for i := range o.Spec.Limits {
		item, p := &o.Spec.Limits[i], field.NewPath("spec", "limits").Index(i)
		errs = append(errs, validateLimitType(p.Child("type"), item.Type)...)
		errs = append(errs, types.Check(p.Child("type"), item.Type)...)
		errs = append(errs, validateLimitNames(item, p)...)
		if item.Type == corev1.LimitTypePod {
			if len(item.Default) > 0 {
				errs = append(errs, field.Forbidden(p.Child("default"), "may not be specified when `type` is 'Pod'"))
			}
			if len(item.DefaultRequest) > 0 {
				errs = append(errs, field.Forbidden(p.Child("defaultRequest"), "may not be specified when `type` is 'Pod'"))
			}
		}
		if _, least := item.Min[corev1.ResourceStorage]; item.Type == corev1.LimitTypePersistentVolumeClaim && !least {
			if _, most := item.Max[corev1.ResourceStorage]; !most {
				errs = append(errs, field.Required(p.Child("limits"), "either minimum or maximum storage value is required, but neither was provided"))
			}
		}
		errs = append(errs, validateLimits(item, p)...)
		errs = append(errs, validateRatios(item, p.Child("maxLimitRequestRatio"))...)
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

// validateLimitNames wants, for pods and containers, resources that they use.
func validateLimitNames(item *corev1.LimitRangeItem, p *field.Path) field.ErrorList {
	of := pod.ResourceName
	if item.Type == corev1.LimitTypePod || item.Type == corev1.LimitTypeContainer {
		of = pod.ContainerResourceName
	}
	var errs field.ErrorList
	for _, l := range []struct {
		name string
		list corev1.ResourceList
	}{
		{"max", item.Max}, {"min", item.Min}, {"default", item.Default},
		{"defaultRequest", item.DefaultRequest}, {"maxLimitRequestRatio", item.MaxLimitRequestRatio},
	} {
		if item.Type == corev1.LimitTypePod && strings.HasPrefix(l.name, "default") {
			continue // forbidden anyway
		}
		for _, name := range slices.Sorted(maps.Keys(l.list)) {
			errs = append(errs, of(name, p.Child(l.name).Key(string(name)))...)
		}
	}
	return errs
}

// validateRatios: a limit is at least the request, and at most max/min of it.
func validateRatios(item *corev1.LimitRangeItem, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(item.MaxLimitRequestRatio)) {
		ratio := item.MaxLimitRequestRatio[name]
		if ratio.Cmp(resource.MustParse("1")) < 0 {
			errs = append(errs, field.Invalid(p.Key(string(name)), ratio, fmt.Sprintf("ratio %s is less than 1", ratio.String())))
		}
		least, hasMin := item.Min[name]
		most, hasMax := item.Max[name]
		if !hasMin || !hasMax || least.IsZero() {
			continue
		}
		if bound := most.AsApproximateFloat64() / least.AsApproximateFloat64(); ratio.AsApproximateFloat64() > bound {
			errs = append(errs, field.Invalid(p.Key(string(name)), ratio, fmt.Sprintf("ratio %s is greater than max/min = %f", ratio.String(), bound)))
		}
	}
	return errs
}

// validateLimits: min <= defaultRequest <= default <= max, as far as each is
// given.
func validateLimits(item *corev1.LimitRangeItem, p *field.Path) field.ErrorList {
	steps := []struct {
		name, label string
		list        corev1.ResourceList
	}{
		{"min", "min", item.Min}, {"defaultRequest", "default request", item.DefaultRequest},
		{"default", "default", item.Default}, {"max", "max", item.Max},
	}
	var errs field.ErrorList
	for i, low := range steps {
		for _, high := range steps[i+1:] {
			for _, name := range slices.Sorted(maps.Keys(low.list)) {
				l, h := low.list[name], high.list[name]
				if _, ok := high.list[name]; ok && l.Cmp(h) > 0 {
					errs = append(errs, tooHigh(p.Child(low.name).Key(string(name)), low.label, l, high.label, h))
				}
			}
		}
	}
	return errs
}

func tooHigh(p *field.Path, low string, l resource.Quantity, high string, h resource.Quantity) *field.Error {
	return field.Invalid(p, l.String(), fmt.Sprintf("%s value %s is greater than %s value %s", low, l.String(), high, h.String()))
}
