package pod

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	resourcehelper "k8s.io/component-helpers/resource"

	"skiff/internal/api/meta"
)

// validateResources judges what a container, or a pod as a whole, asks for and
// may use; ofKind judges the name of each resource, and claims are the devices
// that the pod has.
func validateResources(r *corev1.ResourceRequirements, claims []corev1.PodResourceClaim, ofKind func(corev1.ResourceName, *field.Path) field.ErrorList, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedNames(r.Limits) {
		lp := p.Child("limits").Key(string(name))
		errs = append(errs, ofKind(name, lp)...)
		errs = append(errs, ValidateQuantity(lp, name, r.Limits[name])...)
		errs = append(errs, wholePages(lp, name, r.Limits[name])...)
	}
	for _, name := range sortedNames(r.Requests) {
		rp := p.Child("requests").Key(string(name))
		errs = append(errs, ofKind(name, rp)...)
		errs = append(errs, ValidateQuantity(rp, name, r.Requests[name])...)
		errs = append(errs, validateRequest(r, name, p)...)
		errs = append(errs, wholePages(rp, name, r.Requests[name])...)
	}
	if hugePagesAlone(r) {
		errs = append(errs, field.Forbidden(p, "HugePages require cpu or memory"))
	}
	return append(errs, validateClaims(r.Claims, claims, p.Child("claims"))...)
}

// validateRequest compares what is asked for with what may be used.
func validateRequest(r *corev1.ResourceRequirements, name corev1.ResourceName, p *field.Path) field.ErrorList {
	request := r.Requests[name]
	limit, limited := r.Limits[name]
	switch {
	case !limited && !overcommits(name):
		return field.ErrorList{field.Required(p.Child("limits"), "Limit must be set for non overcommitable resources")}
	case !limited:
	case !overcommits(name) && request.Cmp(limit) != 0:
		return field.ErrorList{field.Invalid(p.Child("requests"), request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String()))}
	case request.Cmp(limit) > 0:
		return field.ErrorList{field.Invalid(p.Child("requests"), request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String()))}
	}
	return nil
}

func hugePagesAlone(r *corev1.ResourceRequirements) bool {
	pages := false
	for _, list := range []corev1.ResourceList{r.Limits, r.Requests} {
		for name := range list {
			if name == corev1.ResourceCPU || name == corev1.ResourceMemory {
				return false
			}
			pages = pages || huge(name)
		}
	}
	return pages
}

// ResourceName wants a name that Kubernetes knows, or one with a domain.
func ResourceName(name corev1.ResourceName, p *field.Path) field.ErrorList {
	errs := meta.Invalid(p, name, validation.IsQualifiedName(string(name)))
	if len(errs) == 0 && !strings.Contains(string(name), "/") && !standard(name) {
		errs = append(errs, field.Invalid(p, name, "must be a standard resource type or fully qualified"))
	}
	return errs
}

// ContainerResourceName wants the name of a resource that a container can use.
func ContainerResourceName(name corev1.ResourceName, p *field.Path) field.ErrorList {
	return containerResource(name, p)
}

func containerResource(name corev1.ResourceName, p *field.Path) field.ErrorList {
	errs := ResourceName(name, p)
	switch {
	case !strings.Contains(string(name), "/"):
		if !ofContainers(name) {
			errs = append(errs, field.Invalid(p, name, "must be a standard resource for containers"))
		}
	case !native(name) && !extended(name):
		errs = append(errs, field.Invalid(p, name, "doesn't follow extended resource name standard"))
	}
	return errs
}

// podResource wants the name of a resource that a pod can ask for as a whole.
func podResource(name corev1.ResourceName, p *field.Path) field.ErrorList {
	if errs := ResourceName(name, p); len(errs) > 0 {
		return errs
	}
	if !resourcehelper.IsSupportedPodLevelResource(name) {
		return field.ErrorList{field.NotSupported(p, name, sets.List(resourcehelper.SupportedPodLevelResources()))}
	}
	return nil
}

// wholePages wants huge pages to be asked for by the page, whose size is in the
// name.
func wholePages(p *field.Path, name corev1.ResourceName, q resource.Quantity) field.ErrorList {
	if !huge(name) {
		return nil
	}
	size, err := resource.ParseQuantity(strings.TrimPrefix(string(name), corev1.ResourceHugePagesPrefix))
	if err != nil || size.Sign() <= 0 || size.MilliValue()%1000 != 0 || q.Value()%size.Value() != 0 {
		return field.ErrorList{field.Invalid(p, q.String(), fmt.Sprintf("%s is not positive integer multiple of %s", q.String(), name))}
	}
	return nil
}

// ValidateQuantity judges how much of a resource is there, or asked for.
func ValidateQuantity(p *field.Path, name corev1.ResourceName, q resource.Quantity) field.ErrorList {
	var errs field.ErrorList
	if q.Sign() < 0 {
		errs = append(errs, field.Invalid(p, q.String(), "must be greater than or equal to 0"))
	}
	if counted(name) && q.MilliValue()%1000 != 0 {
		errs = append(errs, field.Invalid(p, q, "must be an integer"))
	}
	return errs
}

// ofContainers are the resources of Kubernetes itself that a container uses.
func ofContainers(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage || huge(name)
}

// countedResources are objects, not amounts.
var countedResources = []corev1.ResourceName{
	corev1.ResourcePods, corev1.ResourceQuotas, corev1.ResourceServices, corev1.ResourceReplicationControllers, corev1.ResourceSecrets,
	corev1.ResourceConfigMaps, corev1.ResourcePersistentVolumeClaims, corev1.ResourceServicesNodePorts, corev1.ResourceServicesLoadBalancers,
}

// standard resources have no domain: those that containers use, those that are
// counted, and both as a quota names them.
func standard(name corev1.ResourceName) bool {
	return ofContainers(name) || name == corev1.ResourceStorage || QuotaResource(name)
}

// QuotaResource says whether a quota may bound the resource, which has no domain.
func QuotaResource(name corev1.ResourceName) bool {
	return ofContainers(name) || slices.Contains(countedResources, name) || name == corev1.ResourceRequestsStorage ||
		slices.Contains(quotaAmounts, name) || strings.HasPrefix(string(name), corev1.ResourceRequestsHugePagesPrefix)
}

var quotaAmounts = []corev1.ResourceName{
	corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage,
}

func huge(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// native resources have no domain, or Kubernetes' own.
func native(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// extended resources are those of others: with a domain, and a name that a
// quota can put "requests." before.
func extended(name corev1.ResourceName) bool {
	return !native(name) && !strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix) &&
		len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+string(name))) == 0
}

// Overcommits says whether more of the resource may be promised than is there.
func Overcommits(name corev1.ResourceName) bool { return overcommits(name) }

func overcommits(name corev1.ResourceName) bool { return native(name) && !huge(name) }

// counted resources come in whole numbers; all others in thousandths.
func counted(name corev1.ResourceName) bool {
	return slices.Contains(countedResources, name) || extended(name)
}

func sortedNames(list corev1.ResourceList) []corev1.ResourceName {
	names := make([]corev1.ResourceName, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ValidateOverhead judges what a pod costs beyond its containers. It is judged
// as limits are, and clients are told of limits.
func ValidateOverhead(list corev1.ResourceList, p *field.Path) field.ErrorList {
	return validateResources(&corev1.ResourceRequirements{Limits: list}, nil, containerResource, p)
}
