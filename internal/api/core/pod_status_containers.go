package core

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// statusList is one of the three lists of container statuses in a pod.
type statusList struct {
	path       *field.Path
	is, was    []corev1.ContainerStatus
	containers []corev1.Container // of the spec; none for ephemeral ones
	ephemeral  bool
}

// statusLists are the lists of o, beside those of old where they are asked for.
func statusLists(o, old *corev1.Pod, p *field.Path) []statusList {
	return []statusList{
		{p.Child("containerStatuses"), o.Status.ContainerStatuses, old.Status.ContainerStatuses, old.Spec.Containers, false},
		{p.Child("initContainerStatuses"), o.Status.InitContainerStatuses, old.Status.InitContainerStatuses, old.Spec.InitContainers, false},
		{p.Child("ephemeralContainerStatuses"), o.Status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses, nil, true},
	}
}

// validateEnded: a container that ended for good does not run again.
func validateEnded(o, old *corev1.Pod, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	everyone := restartsEveryone(&old.Spec)
	for _, list := range statusLists(o, old, p) {
		if everyone && !list.ephemeral {
			continue
		}
		for i, was := range list.was {
			if was.State.Terminated != nil && runsAgain(list.is, was.Name) && !list.mayRestart(&old.Spec, &was) {
				errs = append(errs, field.Forbidden(list.path.Index(i).Child("state"), "may not be transitioned to non-terminated state"))
			}
		}
	}
	return errs
}

// restartsEveryone: one container's end may start all of the pod anew.
func restartsEveryone(s *corev1.PodSpec) bool {
	found := false
	pod.EachContainer(s, func(c *corev1.Container, _ pod.ContainerType) {
		found = found || slices.ContainsFunc(c.RestartPolicyRules, func(r corev1.ContainerRestartRule) bool {
			return r.Action == corev1.ContainerRestartRuleActionRestartAllContainers
		})
	})
	return found
}

func runsAgain(list []corev1.ContainerStatus, name string) bool {
	i := slices.IndexFunc(list, func(c corev1.ContainerStatus) bool { return c.Name == name && c.State.Terminated == nil })
	return i >= 0
}

// mayRestart says whether a container that ended like that is started again.
// One that is not in the spec is not.
func (l *statusList) mayRestart(s *corev1.PodSpec, was *corev1.ContainerStatus) bool {
	i := slices.IndexFunc(l.containers, func(c corev1.Container) bool { return c.Name == was.Name })
	return i >= 0 && restarts(s, &l.containers[i], was.State.Terminated.ExitCode)
}

// restarts asks the container's rules, then its policy, then the pod's.
func restarts(s *corev1.PodSpec, c *corev1.Container, code int32) bool {
	policy := s.RestartPolicy
	if c.RestartPolicy != nil {
		if slices.ContainsFunc(c.RestartPolicyRules, func(r corev1.ContainerRestartRule) bool { return matchesExit(r.ExitCodes, code) }) {
			return true // all that a rule can say
		}
		policy = corev1.RestartPolicy(*c.RestartPolicy)
	}
	return policy != corev1.RestartPolicyNever && (policy != corev1.RestartPolicyOnFailure || code != 0)
}

func matchesExit(codes *corev1.ContainerRestartRuleOnExitCodes, code int32) bool {
	if codes == nil {
		return false
	}
	in := slices.Contains(codes.Values, code)
	return in && codes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn ||
		!in && codes.Operator == corev1.ContainerRestartRuleOnExitCodesOpNotIn
}

// validateContainerStatuses judges who containers run as, how their devices
// are, and what is mounted.
func validateContainerStatuses(o *corev1.Pod, p *field.Path) field.ErrorList {
	var users, devices, volumes field.ErrorList
	for _, list := range statusLists(o, o, p) {
		for i := range list.is {
			s, ip := &list.is[i], list.path.Index(i)
			users = append(users, validateContainerUser(s.User, o.Spec.OS, ip.Child("user", "linux"))...)
			devices = append(devices, list.validateDevices(s, claimsFor(o, s.Name), ip.Child("allocatedResourcesStatus"))...)
			for j, m := range s.VolumeMounts {
				volumes = append(volumes, validateVolumeStatus(m.VolumeStatus, ip.Child("volumeMounts").Index(j).Child("volumeStatus"))...)
			}
		}
	}
	return append(append(users, devices...), volumes...)
}

func validateContainerUser(u *corev1.ContainerUser, os *corev1.PodOS, p *field.Path) field.ErrorList {
	if u == nil || u.Linux == nil {
		return nil
	}
	if os != nil && os.Name == corev1.Windows {
		return field.ErrorList{field.Forbidden(p, "cannot be set for a windows pod")}
	}
	if os != nil && os.Name != corev1.Linux {
		return nil
	}
	errs := meta.Invalid(p.Child("uid"), u.Linux.UID, validation.IsValidUserID(u.Linux.UID))
	errs = append(errs, meta.Invalid(p.Child("gid"), u.Linux.GID, validation.IsValidGroupID(u.Linux.GID))...)
	for i, g := range u.Linux.SupplementalGroups {
		errs = append(errs, meta.Invalid(p.Child("supplementalGroups").Index(i), g, validation.IsValidGroupID(g))...)
	}
	return errs
}

const claimPrefix = "claim:"

// claimsFor are the names under which devices are reported that the container
// got by way of the claim for its extended resources.
func claimsFor(o *corev1.Pod, container string) []string {
	s := o.Status.ExtendedResourceClaimStatus
	if s == nil {
		return nil
	}
	var names []string
	for _, m := range s.RequestMappings {
		if m.ContainerName == container {
			names = append(names, claimPrefix+s.ResourceClaimName+"/"+m.RequestName)
		}
	}
	return names
}

// validateDevices judges the health of what the container was given. names
// are those of claims that are not in its spec.
func (l *statusList) validateDevices(s *corev1.ContainerStatus, names []string, p *field.Path) field.ErrorList {
	if l.ephemeral {
		if len(s.AllocatedResourcesStatus) > 0 {
			return field.ErrorList{field.Forbidden(p, "must not be specified in container status")}
		}
		return nil
	}
	var errs field.ErrorList
	i := slices.IndexFunc(l.containers, func(c corev1.Container) bool { return c.Name == s.Name })
	for j, r := range s.AllocatedResourcesStatus {
		if i >= 0 && !slices.Contains(names, string(r.Name)) { // of one that is not in the spec, anything is taken
			errs = append(errs, validateAllocated(&l.containers[i].Resources, r.Name, p.Index(j).Child("name"))...)
		}
		errs = append(errs, validateHealth(r.Resources, p.Index(j).Child("resources"))...)
	}
	return errs
}

func validateAllocated(r *corev1.ResourceRequirements, name corev1.ResourceName, p *field.Path) field.ErrorList {
	if !strings.HasPrefix(string(name), claimPrefix) {
		if _, ok := r.Requests[name]; !ok {
			return field.ErrorList{field.Invalid(p, name, "must match one of the container's resource requests")}
		}
		return nil
	}
	for _, c := range r.Claims {
		claim := claimPrefix + c.Name
		if c.Request != "" {
			claim += "/" + c.Request
		}
		if claim == string(name) {
			return nil
		}
	}
	return field.ErrorList{field.Invalid(p, name, "must match one of the container's resource claims in a format "+
		"'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty")}
}

func validateHealth(list []corev1.ResourceHealth, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[corev1.ResourceID]{}
	for i, r := range list {
		ip := p.Index(i)
		errs = append(errs, meta.OneOf(ip.Child("health"), r.Health,
			corev1.ResourceHealthStatusHealthy, corev1.ResourceHealthStatusUnhealthy, corev1.ResourceHealthStatusUnknown)...)
		if m := r.Message; m != nil && *m == "" {
			errs = append(errs, field.Required(ip.Child("message"), "must be non-empty if specified"))
		} else if m != nil && len(*m) > corev1.ResourceHealthMessageMaxLength {
			errs = append(errs, field.TooLong(ip.Child("message"), *m, corev1.ResourceHealthMessageMaxLength))
		}
		errs = append(errs, seen.Check(ip.Child("resourceID"), r.ResourceID)...)
	}
	return errs
}

const maxImageRef = 256

func validateVolumeStatus(s *corev1.VolumeStatus, p *field.Path) field.ErrorList {
	if s == nil || s.Image == nil {
		return nil
	}
	ip := p.Child("imageVolumeStatus", "imageRef")
	switch ref := s.Image.ImageRef; {
	case ref == "":
		return field.ErrorList{field.Required(ip, "imageRef must not be empty")}
	case len(ref) > maxImageRef:
		return field.ErrorList{field.TooLong(ip, ref, maxImageRef)}
	}
	return nil
}
