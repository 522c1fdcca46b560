package admission

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/resource"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/serviceaccount"
)

// ClaimStatus lets only those allocate and reserve devices who may bind claims,
// and only those say what became of a driver's devices who may speak for the
// driver: for all of its devices, or for those of their own node. It refuses as
// the rules of the kind do.
type ClaimStatus struct {
	Authorizer authz.Authorizer
}

// Name implements Plugin.
func (ClaimStatus) Name() string { return "ClaimStatus" }

// Validate implements Validator.
func (p ClaimStatus) Validate(ctx context.Context, r *Request) error {
	o, _ := r.Object.(*resourcev1.ResourceClaim)
	old, _ := r.Old.(*resourcev1.ResourceClaim)
	if o == nil || old == nil || !r.is(resource.ResourceClaim, "status") {
		return nil
	}
	errs := p.mayBind(ctx, r, &o.Status, &old.Status)
	if errs = append(errs, p.maySpeak(ctx, r, &o.Status, &old.Status)...); len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(resource.ResourceClaim.GroupKind(), o.Name, errs)
}

func (p ClaimStatus) mayBind(ctx context.Context, r *Request, s, old *resourcev1.ResourceClaimStatus) field.ErrorList {
	if equality.Semantic.DeepEqual(s.Allocation, old.Allocation) && equality.Semantic.DeepEqual(s.ReservedFor, old.ReservedFor) {
		return nil
	}
	err := p.may(ctx, r, r.Verb, resourcev1.SubresourceBinding, "", "")
	if err == nil {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("status"), fmt.Sprintf(
		`changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="%s" permission: %s`, r.Verb, err))}
}

func (p ClaimStatus) maySpeak(ctx context.Context, r *Request, s, old *resourcev1.ResourceClaimStatus) field.ErrorList {
	verbs := []string{resourcev1.VerbPrefixArbitraryNode + r.Verb}
	if runsOn(r.User, nodeOf(s.Allocation)) {
		verbs = append([]string{resourcev1.VerbPrefixAssociatedNode + r.Verb}, verbs...)
	}
	var errs field.ErrorList
	for _, driver := range changedDrivers(s.Devices, old.Devices) {
		if err := p.mayAny(ctx, r, verbs, driver); err != nil {
			errs = append(errs, field.Forbidden(field.NewPath("status", "devices"), fmt.Sprintf(
				`changing status.devices requires resource="resourceclaims/driver", verb="%s" permission: %s`, verbs, err)))
		}
	}
	return errs
}

// mayAny asks for one verb after the other, and returns the first refusal if
// none is allowed.
func (p ClaimStatus) mayAny(ctx context.Context, r *Request, verbs []string, driver string) error {
	var first error
	for _, verb := range verbs {
		err := p.may(ctx, r, verb, resourcev1.SubresourceDriver, r.Namespace, driver)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// may asks for what no request is for: a subresource that stands for a part of
// the status.
func (p ClaimStatus) may(ctx context.Context, r *Request, verb, subresource, namespace, name string) error {
	a := authz.Attributes{
		User: r.User, Verb: verb, Group: resourcev1.GroupName, Version: resourcev1.SchemeGroupVersion.Version,
		Resource: resource.ResourceClaim.Plural, Subresource: subresource, Namespace: namespace, Name: name,
	}
	decision, reason, err := p.Authorizer.Authorize(ctx, a)
	switch {
	case decision == authz.Allow:
		return nil
	case err != nil && reason != "":
		reason = fmt.Sprintf("%v: %s", err, reason)
	case err != nil:
		reason = err.Error()
	}
	return authz.Forbidden(a, reason)
}

// nodeOf is the one node that an allocation is for; "" if it is not for one.
func nodeOf(a *resourcev1.AllocationResult) string {
	if a == nil || a.NodeSelector == nil || len(a.NodeSelector.NodeSelectorTerms) != 1 {
		return ""
	}
	term := a.NodeSelector.NodeSelectorTerms[0]
	if len(term.MatchExpressions) > 0 || len(term.MatchFields) != 1 {
		return ""
	}
	f := term.MatchFields[0]
	if f.Key != "metadata.name" || f.Operator != corev1.NodeSelectorOpIn || len(f.Values) != 1 {
		return ""
	}
	return f.Values[0]
}

// runsOn says whether the user is the service account of a pod on that node.
func runsOn(u *authn.User, node string) bool {
	_, _, account := serviceaccount.SplitUserName(u.Name)
	return node != "" && account && slices.Equal(u.Extra[authn.NodeNameKey], []string{node})
}

// changedDrivers are the drivers whose devices have another status than before,
// by name.
func changedDrivers(devices, old []resourcev1.AllocatedDeviceStatus) []string {
	type device struct{ driver, pool, name, share string }
	keyed := func(all []resourcev1.AllocatedDeviceStatus) map[device]resourcev1.AllocatedDeviceStatus {
		m := map[device]resourcev1.AllocatedDeviceStatus{}
		for _, d := range all {
			m[device{d.Driver, d.Pool, d.Device, ptr.Deref(d.ShareID, "")}] = d
		}
		return m
	}
	drivers, before := map[string]bool{}, keyed(old)
	for k, d := range keyed(devices) {
		was, ok := before[k]
		drivers[k.driver] = drivers[k.driver] || !ok || !equality.Semantic.DeepEqual(was, d)
		delete(before, k)
	}
	for k := range before {
		drivers[k.driver] = true
	}
	maps.DeleteFunc(drivers, func(_ string, changed bool) bool { return !changed })
	return slices.Sorted(maps.Keys(drivers))
}
