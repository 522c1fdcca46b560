package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// podRecord is one pod's attachment to the network, a file each.
type podRecord struct {
	IP          netip.Addr    `json:"ip"`
	ContainerID string        `json:"containerID"` // of the sandbox
	IfName      string        `json:"ifName"`
	Netns       string        `json:"netns"`
	Pod         string        `json:"pod,omitempty"` // NAMESPACE/NAME, for people
	Ports       []portMapping `json:"ports,omitempty"`
}

// portMapping is a hostPort, as CNI's portMappings capability writes it.
type portMapping struct {
	HostPort      uint16 `json:"hostPort"`
	ContainerPort uint16 `json:"containerPort"`
	Protocol      string `json:"protocol"`
	HostIP        string `json:"hostIP,omitempty"`
}

// addresses hands out the addresses of the node's range. What is handed out
// is on disk before it is used, so that a start after a crash knows it. No
// record is synced: a machine that lost power has no pods that run.
type addresses struct {
	dir string

	mu     sync.Mutex
	podNet netip.Prefix
	byIP   map[netip.Addr]podRecord
	last   netip.Addr // handed out last: a freed address rests as long as it can
}

// openAddresses reads the records of dir. A record that cannot be read is an
// address lost until Clean, so it is an error.
func openAddresses(dir string, podCIDR netip.Prefix) (*addresses, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	a := &addresses{dir: dir, podNet: podCIDR, byIP: map[netip.Addr]podRecord{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // a write that was cut short
		}
		r, err := readRecord(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		a.byIP[r.IP] = r
		if !a.last.IsValid() || a.last.Less(r.IP) {
			a.last = r.IP
		}
	}
	return a, nil
}

func readRecord(path string) (podRecord, error) {
	var r podRecord
	data, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil || !r.IP.IsValid() {
		return r, fmt.Errorf("the address record %s is damaged: remove it, and the pod that had the address", path)
	}
	return r, nil
}

// take hands out an address and records r under it.
func (a *addresses) take(r podRecord) (podRecord, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ip, err := a.free()
	if err != nil {
		return r, err
	}
	r.IP = ip
	data, err := json.Marshal(r)
	if err != nil {
		return r, err
	}
	if err := replaceFile(filepath.Join(a.dir, ip.String()), data); err != nil {
		return r, err
	}
	a.byIP[ip], a.last = r, ip
	return r, nil
}

// free is the next address after the last one that nobody has. The first of
// the range names it, the second is the gateway, the last is its broadcast.
func (a *addresses) free() (netip.Addr, error) {
	first := gateway(a.podNet).Next()
	ip := a.last
	for range 1 << (32 - a.podNet.Bits()) {
		if ip.IsValid() {
			ip = ip.Next()
		}
		if !a.podNet.Contains(ip) || !a.podNet.Contains(ip.Next()) || ip.Less(first) {
			ip = first
		}
		if _, taken := a.byIP[ip]; !taken {
			return ip, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("all addresses of the node's pod range %s are in use", a.podNet)
}

// of returns the records of one sandbox's link.
func (a *addresses) of(containerID, ifName string) []podRecord {
	return a.where(func(r podRecord) bool { return r.ContainerID == containerID && r.IfName == ifName })
}

func (a *addresses) all() []podRecord { return a.where(func(podRecord) bool { return true }) }

// where returns the records that match, in the order of their addresses.
func (a *addresses) where(match func(podRecord) bool) []podRecord {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []podRecord
	for _, r := range a.byIP {
		if match(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(x, y podRecord) int { return x.IP.Compare(y.IP) })
	return found
}

// release gives an address back.
func (a *addresses) release(ip netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := os.Remove(filepath.Join(a.dir, ip.String())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(a.byIP, ip)
	return nil
}
