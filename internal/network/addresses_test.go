package network

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func openTestAddresses(t *testing.T, dir, cidr string) *addresses {
	t.Helper()
	a, err := openAddresses(dir, netip.MustParsePrefix(cidr))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func takeOne(t *testing.T, a *addresses, id string) string {
	t.Helper()
	r, err := a.take(podRecord{ContainerID: id, IfName: "eth0"})
	if err != nil {
		t.Fatalf("take for %s: %v", id, err)
	}
	return r.IP.String()
}

func TestAddressesAreHandedOutInTurn(t *testing.T) {
	a := openTestAddresses(t, t.TempDir(), "10.1.2.0/29")
	for i, want := range []string{"10.1.2.2", "10.1.2.3", "10.1.2.4"} {
		if got := takeOne(t, a, string(rune('a'+i))); got != want {
			t.Errorf("address %d is %s, want %s", i, got, want)
		}
	}
	if err := a.release(netip.MustParseAddr("10.1.2.3")); err != nil {
		t.Fatal(err)
	}
	// A freed address rests: the others come first.
	for _, want := range []string{"10.1.2.5", "10.1.2.6", "10.1.2.3"} {
		if got := takeOne(t, a, want); got != want {
			t.Errorf("the next address is %s, want %s", got, want)
		}
	}
	_, err := a.take(podRecord{ContainerID: "z"})
	if err == nil || !strings.Contains(err.Error(), "10.1.2.0/29") {
		t.Errorf("take from a full range: %v, want an error that names the range", err)
	}
}

func TestAddressesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	a := openTestAddresses(t, dir, "10.1.2.0/24")
	first := takeOne(t, a, "a")
	if err := os.WriteFile(filepath.Join(dir, ".10.1.2.9.123.tmp"), []byte("{"), 0o600); err != nil {
		t.Fatal(err) // a write that was cut short
	}
	b := openTestAddresses(t, dir, "10.1.2.0/24")
	if records := b.of("a", "eth0"); len(records) != 1 || records[0].IP.String() != first {
		t.Errorf("after a restart the records are %v, want that of %s", records, first)
	}
	if second := takeOne(t, b, "b"); second == first {
		t.Errorf("%s is handed out twice", first)
	}
}

func TestADamagedRecordIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "10.1.2.3")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAddresses(dir, netip.MustParsePrefix("10.1.2.0/24")); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opening a damaged record: %v, want an error that names %s", err, path)
	}
}
