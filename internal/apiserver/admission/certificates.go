package admission

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/certificates"
	"skiff/internal/apiserver/authz"
	"skiff/internal/pki"
)

// CertificateRequester writes into a request for a certificate who makes it.
// Approvers and signers decide by it, so the client has no say.
type CertificateRequester struct{}

// Name implements Plugin.
func (CertificateRequester) Name() string { return "CertificateRequester" }

// Admit implements Admitter.
func (CertificateRequester) Admit(_ context.Context, r *Request) error {
	csr, ok := r.Object.(*certificatesv1.CertificateSigningRequest)
	if !ok || r.Operation != Create || r.User == nil {
		return nil
	}
	csr.Spec.Username, csr.Spec.UID, csr.Spec.Groups = r.User.Name, r.User.UID, r.User.Groups
	csr.Spec.Extra = nil
	for k, v := range r.User.Extra {
		if csr.Spec.Extra == nil {
			csr.Spec.Extra = map[string]certificatesv1.ExtraValue{}
		}
		csr.Spec.Extra[k] = v
	}
	return nil
}

// CertificateApproval lets only those approve who may do so for the signer.
type CertificateApproval struct{ Authorizer authz.Authorizer }

// Name implements Plugin.
func (CertificateApproval) Name() string { return "CertificateApproval" }

// Validate implements Validator.
func (p CertificateApproval) Validate(ctx context.Context, r *Request) error {
	old, ok := r.Old.(*certificatesv1.CertificateSigningRequest)
	if !ok || !r.is(certificates.CertificateSigningRequest, "approval") {
		return nil
	}
	return maySign(ctx, p.Authorizer, r, "approve", old.Spec.SignerName)
}

// CertificateSigning lets only those sign who may do so for the signer.
type CertificateSigning struct{ Authorizer authz.Authorizer }

// Name implements Plugin.
func (CertificateSigning) Name() string { return "CertificateSigning" }

// Validate implements Validator.
func (p CertificateSigning) Validate(ctx context.Context, r *Request) error {
	if r.Operation != Update || r.Subresource != "status" {
		return nil
	}
	switch o := r.Object.(type) {
	case *certificatesv1.CertificateSigningRequest:
		old, ok := r.Old.(*certificatesv1.CertificateSigningRequest)
		if !ok || string(old.Status.Certificate) == string(o.Status.Certificate) && failed(old) == failed(o) {
			return nil
		}
		return maySign(ctx, p.Authorizer, r, "sign", old.Spec.SignerName)
	case *certificatesv1.PodCertificateRequest:
		old, ok := r.Old.(*certificatesv1.PodCertificateRequest)
		if !ok || old.Status.CertificateChain == o.Status.CertificateChain {
			return nil
		}
		return p.mayIssue(ctx, r, o.Name, old.Spec.SignerName)
	}
	return nil
}

func failed(csr *certificatesv1.CertificateSigningRequest) bool {
	return slices.ContainsFunc(csr.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
		return c.Type == certificatesv1.CertificateFailed
	})
}

// mayIssue refuses as a rule of the kind does.
func (p CertificateSigning) mayIssue(ctx context.Context, r *Request, name, signer string) error {
	ok, err := isSigner(ctx, p.Authorizer, r, "sign", signer)
	if ok || err != nil {
		return err
	}
	user := ""
	if r.User != nil {
		user = r.User.Name
	}
	return apierrors.NewInvalid(certificates.PodCertificateRequest.GroupKind(), name, field.ErrorList{
		field.Forbidden(field.NewPath("spec", "signerName"), fmt.Sprintf("User %q is not permitted to %q for signer %q", user, "sign", signer))})
}

func maySign(ctx context.Context, authorizer authz.Authorizer, r *Request, verb, signer string) error {
	ok, err := isSigner(ctx, authorizer, r, verb, signer)
	if ok || err != nil {
		return err
	}
	return r.forbid(fmt.Sprintf("user not permitted to %s requests with signerName %q", verb, signer))
}

// isSigner asks for the signer by name, and for all of its domain.
func isSigner(ctx context.Context, authorizer authz.Authorizer, r *Request, verb, signer string) (bool, error) {
	domain, _, _ := strings.Cut(signer, "/")
	for _, name := range []string{signer, domain + "/*"} {
		decision, _, err := authorizer.Authorize(ctx, authz.Attributes{
			User: r.User, Verb: verb, Group: certificatesv1.GroupName, Version: "*", Resource: "signers", Name: name,
		})
		if err != nil || decision == authz.Allow {
			return err == nil, err
		}
	}
	return false, nil
}

// CertificateSubjectRestriction refuses requests for a client certificate of
// system:masters, which no role could ever limit.
type CertificateSubjectRestriction struct{}

// Name implements Plugin.
func (CertificateSubjectRestriction) Name() string { return "CertificateSubjectRestriction" }

// Validate implements Validator.
func (CertificateSubjectRestriction) Validate(_ context.Context, r *Request) error {
	csr, ok := r.Object.(*certificatesv1.CertificateSigningRequest)
	if !ok || r.Operation != Create || csr.Spec.SignerName != certificatesv1.KubeAPIServerClientSignerName {
		return nil
	}
	block, _ := pem.Decode(csr.Spec.Request)
	if block == nil {
		return r.forbid("could not parse CSR: PEM block type must be CERTIFICATE REQUEST")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return r.forbid(fmt.Sprintf("could not parse CSR: %v", err))
	}
	if slices.Contains(request.Subject.Organization, pki.MastersGroup) {
		return r.forbid(fmt.Sprintf("use of %s signer with %s group is not allowed", csr.Spec.SignerName, pki.MastersGroup))
	}
	return nil
}
