package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// LimitRanger gives containers the requests and limits that their namespace's
// LimitRanges name as default, and holds pods, containers and claims to the
// bounds.
type LimitRanger struct{ Reader api.Reader }

// limitsAnnotation tells which requests and limits of a pod are defaults.
const limitsAnnotation = "kubernetes.io/limit-ranger"

// Name implements Plugin.
func (LimitRanger) Name() string { return "LimitRanger" }

// Admit implements Admitter.
func (p LimitRanger) Admit(ctx context.Context, r *Request) error {
	pod, ok := r.Object.(*corev1.Pod)
	if !ok || !limited(r) {
		return nil
	}
	ranges, err := p.ranges(ctx, r.Namespace)
	if err != nil {
		return err
	}
	for _, l := range ranges {
		given := giveDefaults(pod, l)
		if len(given) == 0 || r.Operation != Create {
			continue
		}
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[limitsAnnotation] = "LimitRanger plugin set: " + strings.Join(given, "; ")
	}
	return nil
}

// Validate implements Validator. The first LimitRange that does not hold says all
// that is wrong with it.
func (p LimitRanger) Validate(ctx context.Context, r *Request) error {
	if !limited(r) {
		return nil
	}
	ranges, err := p.ranges(ctx, r.Namespace)
	if err != nil {
		return err
	}
	for _, l := range ranges {
		if err := utilerrors.NewAggregate(broken(r.Object, l)); err != nil {
			return r.forbid(err.Error())
		}
	}
	return nil
}

// limited says whether the request can change what a LimitRange bounds: it
// makes a pod, resizes one, or writes a claim. What is being deleted may stay
// as it is.
func limited(r *Request) bool {
	if old, ok := r.Old.(api.Object); ok && old.GetDeletionTimestamp() != nil {
		return false
	}
	switch r.Operation {
	case Create:
		return r.is(core.Pod, "") || r.is(core.PersistentVolumeClaim, "")
	case Update:
		return r.is(core.Pod, "resize") || r.is(core.PersistentVolumeClaim, "")
	}
	return false
}

func (p LimitRanger) ranges(ctx context.Context, namespace string) (out []*corev1.LimitRange, err error) {
	list, err := p.Reader.List(ctx, core.LimitRange, namespace)
	for _, obj := range list {
		if l, ok := obj.(*corev1.LimitRange); ok {
			out = append(out, l)
		}
	}
	return out, err
}

// giveDefaults fills in what the containers do not ask for, and says what that
// was.
func giveDefaults(pod *corev1.Pod, l *corev1.LimitRange) (given []string) {
	for _, item := range l.Spec.Limits {
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		for i := range pod.Spec.Containers {
			given = append(given, fillContainer(&pod.Spec.Containers[i], "container", &item)...)
		}
		for i := range pod.Spec.InitContainers {
			given = append(given, fillContainer(&pod.Spec.InitContainers[i], "init container", &item)...)
		}
	}
	return given
}

func fillContainer(c *corev1.Container, kind string, item *corev1.LimitRangeItem) (given []string) {
	if names := fill(&c.Resources.Requests, item.DefaultRequest); len(names) > 0 {
		given = append(given, fmt.Sprintf("%s request for %s %s", strings.Join(names, ", "), kind, c.Name))
	}
	if names := fill(&c.Resources.Limits, item.Default); len(names) > 0 {
		given = append(given, fmt.Sprintf("%s limit for %s %s", strings.Join(names, ", "), kind, c.Name))
	}
	return given
}

// fill adds the defaults that list does not have, and returns their names.
func fill(list *corev1.ResourceList, defaults corev1.ResourceList) (added []string) {
	for name, q := range defaults {
		if _, ok := (*list)[name]; ok {
			continue
		}
		if *list == nil {
			*list = corev1.ResourceList{}
		}
		(*list)[name] = q.DeepCopy()
		added = append(added, string(name))
	}
	slices.Sort(added)
	return added
}
