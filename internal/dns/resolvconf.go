package dns

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	machineResolvConf = "/etc/resolv.conf"
	// systemd-resolved lists the resolvers it asks here. Its own address, in
	// the machine's file, answers in the machine's network namespace only.
	resolvedConf = "/run/systemd/resolve/resolv.conf"
	resolvedStub = "127.0.0.53"
)

// resolvers reads the machine's resolvers from a file, again when it changed.
type resolvers struct {
	file  string // "" means the machine's
	avoid []netip.Addr

	mu      sync.Mutex
	checked time.Time
	stamp   string // of the file when it was read
	servers []string
}

// get returns ADDRESS:PORT of the resolvers, in order of preference. The file is
// looked at no more than once a second, and only when somebody asks.
func (r *resolvers) get(now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.checked.IsZero() && now.Sub(r.checked) < time.Second {
		return r.servers
	}
	r.checked = now
	file := r.path()
	if stamp := stampOf(file); stamp != r.stamp || stamp == "" {
		r.stamp = stamp
		r.servers = readServers(file, r.avoid)
	}
	return r.servers
}

// path is the file to read: systemd-resolved's when the machine's names only it.
func (r *resolvers) path() string {
	if r.file != "" {
		return r.file
	}
	if servers := readServers(machineResolvConf, nil); slices.Equal(servers, []string{resolvedStub + ":53"}) {
		if _, err := os.Stat(resolvedConf); err == nil {
			return resolvedConf
		}
	}
	return machineResolvConf
}

func stampOf(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	return file + " " + info.ModTime().String()
}

// readServers leaves out the cluster's own DNS: a question would go in circles.
func readServers(file string, avoid []netip.Addr) []string {
	conf, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil
	}
	var servers []string
	for _, s := range conf.Servers {
		if addr, err := netip.ParseAddr(s); err == nil && slices.Contains(avoid, addr) {
			continue
		}
		servers = append(servers, net.JoinHostPort(s, conf.Port))
	}
	return servers
}
