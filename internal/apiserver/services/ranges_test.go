package services

import (
	"math/big"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestRanges(t *testing.T) {
	for cidr, want := range map[string]struct {
		size, static uint64
		first, last  string
	}{
		"10.96.0.0/12":   {1<<20 - 2, 256, "10.96.0.1", "10.111.255.254"},
		"10.96.0.0/16":   {65534, 256, "10.96.0.1", "10.96.255.254"},
		"10.96.0.0/24":   {254, 16, "10.96.0.1", "10.96.0.254"},
		"10.96.0.16/28":  {14, 0, "10.96.0.17", "10.96.0.30"},
		"10.96.0.0/30":   {2, 0, "10.96.0.1", "10.96.0.2"},
		"fd00:96::/112":  {65535, 256, "fd00:96::1", "fd00:96::ffff"},
		"2001:db8::/64":  {1<<63 - 2, 256, "2001:db8::1", "2001:db8::7fff:ffff:ffff:fffe"},
		"192.0.2.255/32": {0, 0, "", ""},
	} {
		r := newRange(netip.MustParsePrefix(cidr))
		if r.size != want.size || r.static != want.static {
			t.Errorf("%s: %d addresses, %d static; want %d, %d", cidr, r.size, r.static, want.size, want.static)
		}
		if want.size == 0 {
			continue
		}
		for n, text := range map[uint64]string{0: want.first, want.size - 1: want.last} {
			if got := r.at(n); got.String() != text {
				t.Errorf("%s: address %d is %s, want %s", cidr, n, got, text)
			}
			if back, ok := r.offset(netip.MustParseAddr(text)); !ok || back != n {
				t.Errorf("%s: %s is address %d %v, want %d", cidr, text, back, ok, n)
			}
		}
	}
}

func TestWhatARangeDoesNotGive(t *testing.T) {
	r := newRange(netip.MustParsePrefix("10.96.0.0/24"))
	for _, text := range []string{"10.96.0.0", "10.96.0.255", "10.96.1.1", "fd00::1"} {
		if n, ok := r.offset(netip.MustParseAddr(text)); ok {
			t.Errorf("%s is address %d", text, n)
		}
	}
}

// The bits lie as Kubernetes' own API servers write them.
func TestPortSet(t *testing.T) {
	var bits big.Int
	bits.SetBit(bits.SetBit(&bits, 0, 1), 80, 1)
	s := decodePorts(&corev1.RangeAllocation{Range: "30000-32767", Data: bits.Bytes()}, 30000, 32767)
	if got := s.ports(); len(got) != 2 || got[0] != 30000 || got[1] != 30080 {
		t.Errorf("%v", got)
	}
	if s.take(30080) == nil || s.take(29999) == nil || s.take(30081) != nil {
		t.Error("what is taken and what is not are mixed up")
	}
	var o corev1.RangeAllocation
	s.encode(&o)
	moved := decodePorts(&o, 30080, 30100)
	if got := moved.ports(); len(got) != 2 || got[0] != 30080 || got[1] != 30081 {
		t.Errorf("in another range: %v", got)
	}
}

func TestPortsUseTheUpperBandFirst(t *testing.T) {
	s := decodePorts(nil, 30000, 32767)
	for i := range 2768 {
		port, err := s.any()
		if err != nil {
			t.Fatal(err)
		}
		if upper := port >= 30086; upper != (i < 2768-86) {
			t.Fatalf("port %d was given as number %d", port, i)
		}
	}
	if _, err := s.any(); err == nil {
		t.Error("a port was given twice")
	}
}
