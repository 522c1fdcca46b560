package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/google/nftables"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/vishvananda/netlink"
)

// hostState is what skiff could leave behind, as sorted lines.
type hostState []string

type hostBefore struct{}

// hostclean fails if the host has a link, route, nftables table, mount,
// cgroup, network namespace or skiff process that it had not before the
// scenario.
func hostclean(ts *testscript.TestScript, neg bool, args []string) {
	before := ts.Value(hostBefore{}).(hostState)
	now, err := snapshotHost()
	ts.Check(err)
	if left := without(now, before); len(left) > 0 {
		ts.Fatalf("left on the host:\n%s", strings.Join(left, "\n"))
	}
	if gone := without(before, now); len(gone) > 0 {
		ts.Fatalf("taken from the host:\n%s", strings.Join(gone, "\n"))
	}
}

func without(a, b []string) []string {
	in := map[string]bool{}
	for _, s := range b {
		in[s] = true
	}
	var out []string
	for _, s := range a {
		if !in[s] {
			out = append(out, s)
		}
	}
	return out
}

func snapshotHost() (hostState, error) {
	var s hostState
	for _, part := range []func() ([]string, error){links, routes, tables, mounts, cgroups, processes, sysctls} {
		lines, err := part()
		if err != nil {
			return nil, err
		}
		s = append(s, lines...)
	}
	sort.Strings(s)
	return s, nil
}

func links() ([]string, error) {
	all, err := netlink.LinkList()
	return each(all, func(l netlink.Link) string { return "link " + l.Attrs().Name }), err
}

func routes() ([]string, error) {
	all, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	return each(all, func(r netlink.Route) string { return fmt.Sprintf("route %v", r.Dst) }), err
}

func tables() ([]string, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, err
	}
	all, err := conn.ListTables()
	return each(all, func(t *nftables.Table) string { return "nftables table " + t.Name }), err
}

func mounts() ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		out = append(out, "mount "+strings.Fields(lines.Text())[4])
	}
	return out, nil
}

// cgroups lists skiff's own groups: others come and go.
func cgroups() ([]string, error) {
	deep, err := filepath.Glob("/sys/fs/cgroup/*/skiff*")
	if err != nil {
		return nil, err
	}
	flat, err := filepath.Glob("/sys/fs/cgroup/skiff*")
	return each(append(deep, flat...), func(p string) string { return "cgroup " + p }), err
}

// processes lists those that run skiff, its helpers or runc.
func processes() ([]string, error) {
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, exe := range exes {
		target, err := os.Readlink(exe)
		if err != nil {
			continue
		}
		switch base := strings.TrimSuffix(filepath.Base(target), " (deleted)"); {
		case strings.HasPrefix(base, "skiff"), base == "pause", base == "runc", strings.HasPrefix(base, "containerd"):
			out = append(out, "process "+filepath.Base(filepath.Dir(exe))+" "+target)
		}
	}
	return out, nil
}

func sysctls() ([]string, error) {
	var out []string
	for _, key := range []string{"ip_forward", "conf/all/route_localnet", "conf/all/rp_filter"} {
		v, err := os.ReadFile("/proc/sys/net/ipv4/" + key)
		if err != nil {
			return nil, err
		}
		out = append(out, "net/ipv4/"+key+" = "+strings.TrimSpace(string(v)))
	}
	return out, nil
}

func each[T any](all []T, line func(T) string) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = line(v)
	}
	return out
}
