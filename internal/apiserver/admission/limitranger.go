package admission

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// LimitRanger gives containers the requests and limits that their namespace's
// LimitRanges name as default, and holds pods, containers and claims to the
// bounds.
type LimitRanger struct{ Reader api.Reader }

// Name implements Plugin.
func (LimitRanger) Name() string { return "LimitRanger" }

// Admit implements Plugin.
func (p LimitRanger) Admit(ctx context.Context, r *Request) error {
	pod := r.newPod(core.Pod)
	if pod == nil {
		return nil
	}
	limits, err := p.items(ctx, r.Namespace)
	if err != nil {
		return err
	}
	for _, item := range limits {
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for i := range list {
				fill(&list[i].Resources.Requests, item.DefaultRequest)
				fill(&list[i].Resources.Limits, item.Default)
			}
		}
	}
	return nil
}

// Validate implements Plugin.
func (p LimitRanger) Validate(ctx context.Context, r *Request) error {
	if r.Subresource != "" || r.Operation != Create {
		return nil
	}
	var broken []string
	switch obj := r.Object.(type) {
	case *corev1.Pod:
		limits, err := p.items(ctx, r.Namespace)
		if err != nil {
			return err
		}
		for _, item := range limits {
			broken = append(broken, podBounds(obj, &item)...)
		}
	case *corev1.PersistentVolumeClaim:
		limits, err := p.items(ctx, r.Namespace)
		if err != nil {
			return err
		}
		for _, item := range limits {
			if item.Type == corev1.LimitTypePersistentVolumeClaim {
				broken = append(broken, bounds(&item, obj.Spec.Resources.Requests, nil)...)
			}
		}
	}
	switch len(broken) {
	case 0:
		return nil
	case 1:
		return r.forbid(broken[0])
	}
	return r.forbid("[" + strings.Join(broken, ", ") + "]")
}

func (p LimitRanger) items(ctx context.Context, namespace string) ([]corev1.LimitRangeItem, error) {
	list, err := p.Reader.List(ctx, core.LimitRange, namespace)
	if err != nil {
		return nil, err
	}
	var out []corev1.LimitRangeItem
	for _, obj := range list {
		if l, ok := obj.(*corev1.LimitRange); ok {
			out = append(out, l.Spec.Limits...)
		}
	}
	return out, nil
}

func fill(list *corev1.ResourceList, defaults corev1.ResourceList) {
	for name, q := range defaults {
		if _, ok := (*list)[name]; ok {
			continue
		}
		if *list == nil {
			*list = corev1.ResourceList{}
		}
		(*list)[name] = q.DeepCopy()
	}
}

func podBounds(pod *corev1.Pod, item *corev1.LimitRangeItem) (broken []string) {
	switch item.Type {
	case corev1.LimitTypeContainer:
		for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for _, c := range list {
				broken = append(broken, bounds(item, c.Resources.Requests, c.Resources.Limits)...)
			}
		}
	case corev1.LimitTypePod:
		requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
		for _, c := range pod.Spec.Containers {
			add(requests, c.Resources.Requests)
			add(limits, c.Resources.Limits)
		}
		for _, c := range pod.Spec.InitContainers {
			atLeast(requests, c.Resources.Requests)
			atLeast(limits, c.Resources.Limits)
		}
		broken = bounds(item, requests, limits)
	}
	return broken
}

// bounds says which of the item's bounds do not hold. limits are nil for what
// has none (claims): requests are then held to the maximum.
func bounds(item *corev1.LimitRangeItem, requests, limits corev1.ResourceList) (broken []string) {
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	for name, least := range item.Min {
		if have, ok := requests[name]; !ok {
			say("minimum %s usage per %s is %s.  No request is specified", name, item.Type, least.String())
		} else if have.Cmp(least) < 0 {
			say("minimum %s usage per %s is %s, but request is %s", name, item.Type, least.String(), have.String())
		}
	}
	for name, most := range item.Max {
		have, ok := limits[name]
		what := "limit"
		if item.Type == corev1.LimitTypePersistentVolumeClaim {
			have, ok = requests[name]
			what = "request"
		}
		if !ok {
			say("maximum %s usage per %s is %s.  No %s is specified", name, item.Type, most.String(), what)
		} else if have.Cmp(most) > 0 {
			say("maximum %s usage per %s is %s, but %s is %s", name, item.Type, most.String(), what, have.String())
		}
	}
	for name, most := range item.MaxLimitRequestRatio {
		request, limit := requests[name], limits[name]
		if request.IsZero() || limit.IsZero() {
			say("%s max limit to request ratio per %s is %s, but no request or limit is specified or both are 0", name, item.Type, most.String())
		} else if ratio := float64(limit.MilliValue()) / float64(request.MilliValue()); ratio > float64(most.MilliValue())/1000 {
			say("%s max limit to request ratio per %s is %s, but provided ratio is %f", name, item.Type, most.String(), ratio)
		}
	}
	return broken
}

func add(sum, list corev1.ResourceList) {
	for name, q := range list {
		have := sum[name]
		have.Add(q)
		sum[name] = have
	}
}

func atLeast(sum, list corev1.ResourceList) {
	for name, q := range list {
		if have := sum[name]; have.Cmp(q) < 0 {
			sum[name] = resource.MustParse(q.String())
		}
	}
}
