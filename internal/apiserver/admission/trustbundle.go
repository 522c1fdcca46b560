package admission

import (
	"context"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api/certificates"
	"skiff/internal/apiserver/authz"
)

// ClusterTrustBundleAttest lets only those write a bundle for a signer who may
// attest for the signer. Bundles without a signer are anybody's whom RBAC lets.
type ClusterTrustBundleAttest struct {
	Authorizer authz.Authorizer
}

// Name implements Plugin.
func (ClusterTrustBundleAttest) Name() string { return "ClusterTrustBundleAttest" }

// Validate implements Validator.
func (p ClusterTrustBundleAttest) Validate(ctx context.Context, r *Request) error {
	bundle, ok := r.Object.(*certificatesv1.ClusterTrustBundle)
	if !ok || !r.is(certificates.ClusterTrustBundle, "") || bundle.Spec.SignerName == "" {
		return nil
	}
	if err := maySign(ctx, p.Authorizer, r, "attest", bundle.Spec.SignerName); err != nil {
		return r.forbid("user not permitted to attest for signerName \"" + bundle.Spec.SignerName + "\"")
	}
	return nil
}
