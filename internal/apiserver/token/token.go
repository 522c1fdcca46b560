// Package token answers the creation of a TokenRequest at serviceaccounts/NAME/
// token: it signs a token of the account, bound to a pod, secret or node if
// that is asked for.
package token

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/serviceaccount"
)

// Key is the subresource that the handler answers.
var Key = apiserver.SubresourceKey{Resource: "serviceaccounts", Subresource: "token"}

const (
	defaultSeconds = 3600
	minSeconds     = 600
	maxSeconds     = 1 << 32
	// podSeconds is what the tokens in pods ask for. Clients that never read
	// their file again must not fail after an hour, so these tokens hold for a
	// year and say when they should have been renewed.
	podSeconds     = 3607
	extendedLife   = 365 * 24 * time.Hour
	uidMismatch    = "the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated"
	otherAccount   = "cannot bind token for serviceaccount %q to pod running with different serviceaccount name."
	cannotBindKind = "cannot bind token to object of type %s"
)

// Handler answers token requests.
type Handler struct {
	Issuer *serviceaccount.Issuer
	Reader api.Reader
}

// Create implements apiserver.CreateFunc.
func (h *Handler) Create(ctx context.Context, c *apiserver.Call, body api.Object) (runtime.Object, error) {
	request, ok := body.(*authenticationv1.TokenRequest)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a TokenRequest object: %T", body))
	}
	obj, err := h.Reader.Get(ctx, core.ServiceAccount, c.Namespace, c.Name)
	if err != nil {
		return nil, err
	}
	answer := request.DeepCopy()
	if errs := append(settleName(answer, c), h.fill(&answer.Spec)...); len(errs) > 0 {
		return nil, apierrors.NewInvalid(authenticationv1.SchemeGroupVersion.WithKind("TokenRequest").GroupKind(), "", errs)
	}
	wish := serviceaccount.Wish{
		Private:   serviceaccount.Private{Namespace: c.Namespace, ServiceAccount: serviceaccount.Ref{Name: c.Name, UID: obj.GetUID()}},
		Audiences: answer.Spec.Audiences,
		Lifetime:  time.Duration(*answer.Spec.ExpirationSeconds) * time.Second,
	}
	if ref := answer.Spec.BoundObjectRef; ref != nil {
		if err := h.bind(ctx, c.Namespace, ref, &wish.Private); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	until := now.Add(wish.Lifetime)
	h.extend(&wish, *answer.Spec.ExpirationSeconds, until)
	token, _, err := h.Issuer.Sign(wish, now)
	if err != nil {
		return nil, err
	}
	answer.CreationTimestamp = metav1.NewTime(now)
	answer.Status = authenticationv1.TokenRequestStatus{Token: token, ExpirationTimestamp: metav1.NewTime(until)}
	return answer, nil
}

// settleName names the account of a request, which may name no other.
func settleName(request *authenticationv1.TokenRequest, c *apiserver.Call) field.ErrorList {
	given := request.Name
	request.Name, request.Namespace = c.Name, c.Namespace
	if given == "" || given == c.Name {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata", "name"), given, "must match the service account name if specified")}
}

// fill puts the defaults into a request, and judges how long its token holds.
func (h *Handler) fill(spec *authenticationv1.TokenRequestSpec) field.ErrorList {
	if len(spec.Audiences) == 0 {
		spec.Audiences = slices.Clone(h.Issuer.Audiences)
	}
	seconds := int64(defaultSeconds)
	if spec.ExpirationSeconds != nil {
		seconds = *spec.ExpirationSeconds
	}
	spec.ExpirationSeconds = &seconds
	path := field.NewPath("spec", "expirationSeconds")
	switch {
	case seconds < minSeconds:
		return field.ErrorList{field.Invalid(path, seconds, "may not specify a duration less than 10 minutes")}
	case seconds > maxSeconds:
		return field.ErrorList{field.Invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")}
	}
	return nil
}

// extend lengthens the life of a token that a pod asks for, for us alone.
func (h *Handler) extend(w *serviceaccount.Wish, seconds int64, until time.Time) {
	if seconds == podSeconds && w.Pod != nil && slices.Equal(w.Audiences, h.Issuer.Audiences) {
		w.Lifetime = extendedLife
		w.WarnAfter = jwt.NewNumericDate(until)
	}
}

// bind ties the token to the life of another object.
func (h *Handler) bind(ctx context.Context, namespace string, ref *authenticationv1.BoundObjectReference, p *serviceaccount.Private) error {
	var err error
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	switch kind.GroupKind() {
	case core.Pod.GroupKind():
		return h.bindPod(ctx, namespace, ref, p)
	case core.Secret.GroupKind():
		p.Secret, _, err = h.ref(ctx, core.Secret, namespace, ref.Name, ref.UID)
	case core.Node.GroupKind():
		p.Node, _, err = h.ref(ctx, core.Node, "", ref.Name, ref.UID)
	default:
		return apierrors.NewBadRequest(fmt.Sprintf(cannotBindKind, kind))
	}
	return err
}

func (h *Handler) bindPod(ctx context.Context, namespace string, ref *authenticationv1.BoundObjectReference, p *serviceaccount.Private) error {
	bound, obj, err := h.ref(ctx, core.Pod, namespace, ref.Name, ref.UID)
	if err != nil {
		return err
	}
	pod := obj.(*corev1.Pod)
	if pod.Spec.ServiceAccountName != p.ServiceAccount.Name {
		return apierrors.NewBadRequest(fmt.Sprintf(otherAccount, p.ServiceAccount.Name))
	}
	p.Pod = bound
	if pod.Spec.NodeName == "" {
		return nil
	}
	node, _, err := h.ref(ctx, core.Node, "", pod.Spec.NodeName, "")
	if apierrors.IsNotFound(err) {
		node, err = &serviceaccount.Ref{Name: pod.Spec.NodeName}, nil
	}
	p.Node = node
	return err
}

func (h *Handler) ref(ctx context.Context, r *api.Resource, namespace, name string, uid types.UID) (*serviceaccount.Ref, api.Object, error) {
	obj, err := h.Reader.Get(ctx, r, namespace, name)
	if err != nil {
		return nil, nil, err
	}
	if uid != "" && uid != obj.GetUID() {
		// Clients know this conflict by the kind, where others name the resource.
		return nil, nil, apierrors.NewConflict(schema.GroupResource{Group: r.Group, Resource: r.Kind}, name, fmt.Errorf(uidMismatch, uid))
	}
	return &serviceaccount.Ref{Name: name, UID: obj.GetUID()}, obj, nil
}
