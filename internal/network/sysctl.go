package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
)

const ipForward = "net/ipv4/ip_forward"

// aliasPrefix begins the alias of every tunnel link of skiff. What follows is
// the value that ip_forward had before any skiff was on this host.
const aliasPrefix = "skiff ip_forward="

// forwardingBefore is the value that ip_forward had before any skiff was here.
// Another cluster's network that came first has left it in its link's alias.
func forwardingBefore(cfg Config) (string, error) {
	others, err := otherTunnels(cfg)
	if err != nil {
		return "", err
	}
	if len(others) > 0 {
		return strings.TrimPrefix(others[0].Attrs().Alias, aliasPrefix), nil
	}
	return readSysctl(ipForward)
}

// restoreSysctls puts the host back as it was, unless another cluster's
// network still needs it.
func restoreSysctls(cfg Config, before map[string]string) error {
	others, err := otherTunnels(cfg)
	if err != nil || len(others) > 0 {
		return err
	}
	for name, value := range before {
		if err := writeSysctl(name, value); err != nil {
			return err
		}
	}
	return nil
}

// otherTunnels are the tunnel links of other skiff nodes in this network
// namespace.
func otherTunnels(cfg Config) ([]netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("listing the links: %w", err)
	}
	var others []netlink.Link
	for _, link := range links {
		if strings.HasPrefix(link.Attrs().Alias, aliasPrefix) && link.Attrs().Name != cfg.tunnelLink() {
			others = append(others, link)
		}
	}
	return others, nil
}

func readSysctl(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join("/proc/sys", name))
	return strings.TrimSpace(string(data)), err
}

// writeSysctl leaves a value that is right already alone: /proc/sys may be
// read-only there.
func writeSysctl(name, value string) error {
	if have, err := readSysctl(name); err == nil && have == value {
		return nil
	}
	return os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644)
}

// linkSysctl is the name of a link's own IPv4 setting. It goes with the link.
func linkSysctl(link, setting string) string { return "net/ipv4/conf/" + link + "/" + setting }
