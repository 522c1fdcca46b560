package admission

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	resourcehelper "k8s.io/component-helpers/resource"
)

// usage is what is held to the bounds of a LimitRange.
type usage struct{ requests, limits corev1.ResourceList }

// broken says which bounds of l do not hold for obj.
func broken(obj runtime.Object, l *corev1.LimitRange) (errs []error) {
	for _, item := range l.Spec.Limits {
		switch obj := obj.(type) {
		case *corev1.Pod:
			for _, u := range usages(obj, item.Type) {
				errs = append(errs, u.min(&item)...)
				errs = append(errs, u.max(&item)...)
				errs = append(errs, u.ratio(&item)...)
			}
		case *corev1.PersistentVolumeClaim:
			if item.Type == corev1.LimitTypePersistentVolumeClaim {
				u := usage{requests: obj.Spec.Resources.Requests}
				errs = append(errs, u.min(&item)...)
				errs = append(errs, u.maxRequest(&item)...)
			}
		}
	}
	return errs
}

// usages are those of a pod that bounds of that type speak of: of each
// container, or of the whole.
func usages(pod *corev1.Pod, t corev1.LimitType) (all []usage) {
	switch t {
	case corev1.LimitTypeContainer:
		for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			all = append(all, usage{c.Resources.Requests, c.Resources.Limits})
		}
	case corev1.LimitTypePod:
		o := resourcehelper.PodResourcesOptions{ExcludeOverhead: true}
		all = append(all, usage{resourcehelper.PodRequests(pod, o), resourcehelper.PodLimits(pod, o)})
	}
	return all
}

func (u usage) min(item *corev1.LimitRangeItem) (errs []error) {
	for name, bound := range sorted(item.Min) {
		text := fmt.Sprintf("minimum %s usage per %s is %s", name, item.Type, bound.String())
		request, asked := u.requests[name]
		limit, bounded := u.limits[name]
		switch {
		case !asked:
			errs = append(errs, fmt.Errorf("%s.  No request is specified", text))
		case request.Cmp(bound) < 0:
			errs = append(errs, fmt.Errorf("%s, but request is %s", text, request.String()))
		case bounded && limit.Cmp(bound) < 0:
			errs = append(errs, fmt.Errorf("%s, but limit is %s", text, limit.String()))
		}
	}
	return errs
}

func (u usage) max(item *corev1.LimitRangeItem) (errs []error) {
	for name, bound := range sorted(item.Max) {
		text := fmt.Sprintf("maximum %s usage per %s is %s", name, item.Type, bound.String())
		request, asked := u.requests[name]
		limit, bounded := u.limits[name]
		switch {
		case !bounded:
			errs = append(errs, fmt.Errorf("%s.  No limit is specified", text))
		case limit.Cmp(bound) > 0:
			errs = append(errs, fmt.Errorf("%s, but limit is %s", text, limit.String()))
		case asked && request.Cmp(bound) > 0:
			errs = append(errs, fmt.Errorf("%s, but request is %s", text, request.String()))
		}
	}
	return errs
}

// maxRequest is max for what has no limits.
func (u usage) maxRequest(item *corev1.LimitRangeItem) (errs []error) {
	for name, bound := range sorted(item.Max) {
		text := fmt.Sprintf("maximum %s usage per %s is %s", name, item.Type, bound.String())
		request, asked := u.requests[name]
		switch {
		case !asked:
			errs = append(errs, fmt.Errorf("%s.  No request is specified", text))
		case request.Cmp(bound) > 0:
			errs = append(errs, fmt.Errorf("%s, but request is %s", text, request.String()))
		}
	}
	return errs
}

func (u usage) ratio(item *corev1.LimitRangeItem) (errs []error) {
	for name, bound := range sorted(item.MaxLimitRequestRatio) {
		text := fmt.Sprintf("%s max limit to request ratio per %s is %s", name, item.Type, bound.String())
		request, limit := u.requests[name], u.limits[name]
		switch {
		case request.IsZero():
			errs = append(errs, fmt.Errorf("%s, but no request is specified or request is 0", text))
		case limit.IsZero():
			errs = append(errs, fmt.Errorf("%s, but no limit is specified or limit is 0", text))
		default:
			if ratio := quotient(limit, request); ratio*1000 > float64(bound.MilliValue()) {
				errs = append(errs, fmt.Errorf("%s, but provided ratio is %f", text, ratio))
			}
		}
	}
	return errs
}

// quotient divides in thousandths, as far as these can be counted.
func quotient(a, b resource.Quantity) float64 {
	if max(a.Value(), b.Value()) > resource.MaxMilliValue {
		return float64(a.Value()) / float64(b.Value())
	}
	return float64(a.MilliValue()) / float64(b.MilliValue())
}

// sorted goes through a list by name, so that errors have an order.
func sorted(list corev1.ResourceList) func(func(corev1.ResourceName, resource.Quantity) bool) {
	return func(yield func(corev1.ResourceName, resource.Quantity) bool) {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			if !yield(name, list[name]) {
				return
			}
		}
	}
}
