package core

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
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
		errs = append(errs, types.Check(p.Child("type"), item.Type)...)
		if item.Type == corev1.LimitTypePod {
			if len(item.Default) > 0 {
				errs = append(errs, field.Forbidden(p.Child("default"), "may not be specified when `type` is 'Pod'"))
			}
			if len(item.DefaultRequest) > 0 {
				errs = append(errs, field.Forbidden(p.Child("defaultRequest"), "may not be specified when `type` is 'Pod'"))
			}
		}
		errs = append(errs, validateLimits(item, p)...)
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
