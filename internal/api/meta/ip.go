package meta

import (
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// IP judges an address in a field that is older than strict addresses: leading
// zeros and IPv4 dressed up as IPv6 are refused, other spellings than the usual
// are not. What the object had before, known, may stay as it is.
func IP(p *field.Path, ip string, known ...string) field.ErrorList {
	return validation.IsValidIPForLegacyField(p, ip, true, known)
}

// CIDR is IP for ranges, which have no bits behind their prefix.
func CIDR(p *field.Path, cidr string, known ...string) field.ErrorList {
	return validation.IsValidCIDRForLegacyField(p, cidr, true, known)
}

// EndpointIP wants an address that a Service may send traffic to: not the
// node's own, and not one that means many or none.
func EndpointIP(p *field.Path, text string) field.ErrorList {
	ip := netutils.ParseIPSloppy(text)
	if ip == nil {
		return field.ErrorList{field.Invalid(p, text, "must be a valid IP address")}
	}
	var errs field.ErrorList
	for _, bad := range []struct {
		is  bool
		why string
	}{
		{ip.IsUnspecified(), "may not be unspecified (" + text + ")"},
		{ip.IsLoopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)"},
		{ip.IsLinkLocalUnicast(), "may not be in the link-local range (169.254.0.0/16, fe80::/10)"},
		{ip.IsLinkLocalMulticast(), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"},
	} {
		if bad.is {
			errs = append(errs, field.Invalid(p, text, bad.why))
		}
	}
	return errs
}

// IPWarnings remarks on an address that is not spelled as it should be. It says
// nothing of what is no address at all: that is refused.
func IPWarnings(p *field.Path, ip string) []string {
	if netutils.ParseIPSloppy(ip) == nil {
		return nil
	}
	return validation.GetWarningsForIP(p, ip)
}

// CIDRWarnings is IPWarnings for ranges.
func CIDRWarnings(p *field.Path, cidr string) []string {
	if _, _, err := netutils.ParseCIDRSloppy(cidr); err != nil {
		return nil
	}
	return validation.GetWarningsForCIDR(p, cidr)
}
