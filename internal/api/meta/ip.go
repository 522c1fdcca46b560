package meta

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// EndpointIP wants an address that a Service may send traffic to: not the
// node's own, and not one that means many or none.
func EndpointIP(p *field.Path, ip string) field.ErrorList {
	errs := validation.IsValidIPForLegacyField(p, ip, false, nil)
	a, err := netip.ParseAddr(ip)
	if err != nil || len(errs) > 0 {
		return errs
	}
	for _, bad := range []struct {
		is  bool
		why string
	}{
		{a.IsUnspecified(), "may not be unspecified (0.0.0.0 or ::)"},
		{a.IsLoopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)"},
		{a.IsLinkLocalUnicast(), "may not be in the link-local range (169.254.0.0/16, fe80::/10)"},
		{a.IsLinkLocalMulticast(), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"},
	} {
		if bad.is {
			errs = append(errs, field.Invalid(p, ip, bad.why))
		}
	}
	return errs
}
