package admission

import (
	"testing"

	"skiff/internal/apiserver/authz"
)

// A method with another signature would be called by nobody, and nothing else
// would say so: every plug-in is here with the steps at which it is called.
func TestPluginsAreCalledAtTheirSteps(t *testing.T) {
	const admits, validates = 1, 2
	want := map[string]int{
		"NamespaceLifecycle": admits, "NodeRestriction": admits, "NetworkRestriction": validates,
		"LimitRanger": admits | validates, "ServiceAccount": admits | validates, "TaintNodesByCondition": admits,
		"Priority": admits | validates, "DefaultTolerationSeconds": admits, "DefaultStorageClass": admits,
		"StorageObjectInUseProtection": admits, "PersistentVolumeClaimResize": validates, "RuntimeClass": admits | validates,
		"CertificateRequester": admits, "CertificateApproval": validates, "CertificateSigning": validates,
		"CertificateSubjectRestriction": validates, "ClusterTrustBundleAttest": validates, "DeviceAdminAccess": validates,
		"ClaimStatus": validates, "DefaultIngressClass": admits, "PodSecurity": validates, "PodTopologyLabels": admits,
		"NodeDeclaredFeatureValidator": validates, "PodResizeValidator": validates, "PolicyParams": validates,
		"RBACEscalation": admits | validates, "ResourceQuota": validates,
	}
	for _, p := range Default(nil, nil, nil, &authz.RBAC{}) {
		got := 0
		if _, ok := p.(Admitter); ok {
			got |= admits
		}
		if _, ok := p.(Validator); ok {
			got |= validates
		}
		if got != want[p.Name()] || got == 0 {
			t.Errorf("%s is called at %b, want %b", p.Name(), got, want[p.Name()])
		}
		delete(want, p.Name())
	}
	if len(want) > 0 {
		t.Errorf("not among the plug-ins: %v", want)
	}
}
