package quota

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"

	"skiff/internal/api/pod"
)

// compute are what containers ask for and a quota can name by itself; the name
// alone means the requests.
var compute = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}

const (
	requestsPrefix = "requests."
	limitsPrefix   = "limits."
)

func ofPods(name corev1.ResourceName) bool {
	bare, requested := strings.CutPrefix(string(name), requestsPrefix)
	if slices.Contains(compute, corev1.ResourceName(strings.TrimPrefix(bare, limitsPrefix))) {
		return true
	}
	if strings.HasPrefix(bare, corev1.ResourceHugePagesPrefix) {
		return true
	}
	return requested && extended(corev1.ResourceName(bare))
}

// extended resources are those of vendors, which have a domain.
func extended(name corev1.ResourceName) bool {
	return strings.Contains(string(name), "/") && !strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// usePod charges a pod for what it asks for, as long as it can run.
func usePod(used corev1.ResourceList, p *corev1.Pod, now time.Time) {
	if end := ChargedUntil(p); !end.IsZero() && !now.Before(end) {
		return
	}
	o := resourcehelper.PodResourcesOptions{UseStatusResources: true}
	used[corev1.ResourcePods] = one
	Add(used, asked(resourcehelper.PodRequests(p, o), resourcehelper.PodLimits(p, o)))
}

// longAgo is the end of pods that have ended already.
var longAgo = time.Unix(0, 1)

// ChargedUntil is when a pod stops using anything: it has ended, or its
// deletion has taken longer than it was given. Zero: it is not known yet.
func ChargedUntil(p *corev1.Pod) time.Time {
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return longAgo
	}
	if p.DeletionTimestamp == nil || p.DeletionGracePeriodSeconds == nil {
		return time.Time{}
	}
	return p.DeletionTimestamp.Add(time.Duration(*p.DeletionGracePeriodSeconds) * time.Second)
}

// asked are requests and limits under the names that quotas have for them.
func asked(requests, limits corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, q := range requests {
		huge := strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
		if slices.Contains(compute, name) || huge {
			out[name] = q
		}
		if slices.Contains(compute, name) || huge || extended(name) {
			out[requestsPrefix+name] = q
		}
	}
	for name, q := range limits {
		if slices.Contains(compute, name) {
			out[limitsPrefix+name] = q
		}
	}
	return out
}

// demanded are the names that, once a quota has them, each container must ask
// for. No others ever will be.
var demanded = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceMemory, corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory,
}

// missing says which containers do not ask for what a quota bounds; nil: none.
func missing(p *corev1.Pod, bounded []corev1.ResourceName) error {
	if resourcehelper.IsPodLevelResourcesSet(p) {
		return nil
	}
	var parts []string
	for _, name := range demanded {
		if !slices.Contains(bounded, name) {
			continue
		}
		var without []string
		pod.EachContainer(&p.Spec, func(c *corev1.Container, t pod.ContainerType) {
			if _, ok := asked(c.Resources.Requests, c.Resources.Limits)[name]; !ok && t != pod.EphemeralContainers {
				without = append(without, c.Name)
			}
		})
		if len(without) > 0 {
			slices.Sort(without)
			parts = append(parts, fmt.Sprintf("%s for: %s", name, strings.Join(without, ",")))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return fmt.Errorf("must specify %s", strings.Join(parts, "; "))
}
