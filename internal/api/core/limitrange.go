package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/uuid"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// LimitRange bounds what one pod or container may ask for.
var LimitRange = api.Define(api.Kind[*corev1.LimitRange]{
	GVK: gv.WithKind("LimitRange"), Plural: "limitranges", Prefix: "limitranges", Namespaced: true,
	ShortNames: []string{"limits"},
	New:        api.New[corev1.LimitRange], NewList: api.NewList[corev1.LimitRangeList],
	AllowCreateOnUpdate: true,

	Default: defaultLimitRange,
	// Of all kinds, this one is given a name when it has none.
	PrepareCreate: func(o *corev1.LimitRange) { meta.Fill(&o.Name, string(uuid.NewUUID())) },
	Validate:      validateLimitRange,
})

// defaultLimitRange fills in, for containers: the default limit from the
// maximum; the default request from the default limit, or else the minimum.
func defaultLimitRange(o *corev1.LimitRange) {
	for i := range o.Spec.Limits {
		item := &o.Spec.Limits[i]
		for _, list := range []corev1.ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
			meta.RoundUp(list)
		}
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
