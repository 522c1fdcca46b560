package meta

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestEndpointIP(t *testing.T) {
	for ip, want := range map[string]string{
		"10.0.0.1": "", "fd00::1": "", "0.0.0.0": "may not be unspecified (0.0.0.0)", "::": "may not be unspecified (::)",
		"127.0.0.1": "loopback range", "::1": "loopback range", "169.254.1.1": "link-local range", "fe80::1": "link-local range",
		"224.0.0.1": "link-local multicast range", "x": "must be a valid IP address",
	} {
		if errs := EndpointIP(field.NewPath("ip"), ip); !says(errs, want) {
			t.Errorf("%s: %v, want %q", ip, errs, want)
		}
	}
}

func TestAddressesAreStrict(t *testing.T) {
	p := field.NewPath("f")
	for ip, want := range map[string]string{
		"10.0.0.1": "", "fd00:0::1": "", "10.0.0.01": "must not have leading 0s", "::ffff:10.0.0.1": "must not be an IPv4-mapped IPv6 address", "x": "must be a valid IP address",
	} {
		if errs := IP(p, ip); !says(errs, want) {
			t.Errorf("%s: %v, want %q", ip, errs, want)
		}
		if errs := IP(p, ip, "a", ip); len(errs) > 0 {
			t.Errorf("%s, which was there: %v", ip, errs)
		}
	}
	for cidr, want := range map[string]string{
		"10.0.0.0/8": "", "fd00:0::/64": "", "10.0.0.1/8": "must not have bits set beyond the prefix length", "010.0.0.0/8": "must not have leading 0s in IP or prefix length", "x": "must be a valid CIDR value",
	} {
		if errs := CIDR(p, cidr); !says(errs, want) {
			t.Errorf("%s: %v, want %q", cidr, errs, want)
		}
		if errs := CIDR(p, cidr, "a", cidr); len(errs) > 0 {
			t.Errorf("%s, which was there: %v", cidr, errs)
		}
	}
}

func says(errs field.ErrorList, want string) bool {
	return len(errs) == 0 && want == "" || len(errs) == 1 && want != "" && strings.Contains(errs[0].Detail, want)
}

func TestWarningsOfAddresses(t *testing.T) {
	p := field.NewPath("f")
	for want, got := range map[string][]string{
		"[]": append(IPWarnings(p, "x"), CIDRWarnings(p, "x")...),
		`[f: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")]`:        IPWarnings(p, "fd00:0::1"),
		`[f: IPv6 CIDR value "fd00:0::/64" should be in RFC 5952 canonical format ("fd00::/64")]`: CIDRWarnings(p, "fd00:0::/64"),
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
