package wire

import (
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"skiff/internal/host"
)

// inNewNetns runs the test in a network namespace of its own, on a thread that
// ends with it.
func inNewNetns(t *testing.T, test func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a network namespace")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		ns, err := netns.New()
		if err != nil {
			t.Error(err)
			return
		}
		defer ns.Close()
		test()
	}()
	<-done
}

func TestForwardingThatAnotherProgramDrops(t *testing.T) {
	pods := netip.MustParsePrefix("10.175.0.0/16")
	inNewNetns(t, func() {
		expect := func(when string, want bool) {
			t.Helper()
			warning := forwardingDropped(pods)
			if (warning != "") != want || want && !strings.Contains(warning, "iptables -I FORWARD -s 10.175.0.0/16 -j ACCEPT") {
				t.Errorf("%s: %q", when, warning)
			}
		}
		expect("without rules", false)
		conn, err := nftables.New()
		if err != nil {
			t.Error(err)
			return
		}
		flush := func() {
			t.Helper()
			if err := conn.Flush(); err != nil {
				t.Error(err)
			}
		}
		table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "filter"})
		base := func(name string, hook *nftables.ChainHook, policy nftables.ChainPolicy) *nftables.Chain {
			return conn.AddChain(&nftables.Chain{Table: table, Name: name, Type: nftables.ChainTypeFilter,
				Hooknum: hook, Priority: nftables.ChainPriorityFilter, Policy: &policy})
		}
		base("INPUT", nftables.ChainHookInput, nftables.ChainPolicyDrop)
		base("OTHER", nftables.ChainHookForward, nftables.ChainPolicyAccept)
		flush()
		expect("with rules for others' packets", false)
		forward := base("FORWARD", nftables.ChainHookForward, nftables.ChainPolicyDrop)
		flush()
		expect("with Docker's policy", true)
		accept := func(offset uint32, of netip.Prefix) {
			conn.AddRule(&nftables.Rule{Table: table, Chain: forward,
				Exprs: append(inPrefix(offset, of, expr.CmpOpEq), &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictAccept})})
			flush()
		}
		accept(12, netip.MustParsePrefix("172.17.0.0/16"))
		accept(16, netip.MustParsePrefix("172.17.0.0/16"))
		accept(12, pods)
		expect("with a way out for pods and none back", true)
		accept(16, pods)
		expect("with what the warning asks for", false)
	})
}

func TestNodesOfTwoClustersNeedTwoNetworks(t *testing.T) {
	inNewNetns(t, func() {
		other := host.Names{Cluster: "other", Node: "n"}
		bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: other.Link("vx")}}
		address, err := netlink.ParseAddr("10.244.3.1/24")
		if err != nil {
			t.Error(err)
			return
		}
		for _, step := range []func() error{
			func() error { return netlink.LinkAdd(bridge) },
			func() error { return netlink.AddrAdd(bridge, address) },
			func() error { return netlink.LinkSetUp(bridge) },
		} {
			if err := step(); err != nil {
				t.Error(err)
			}
		}
		c := valid()
		for role, wayOut := range map[role]string{roleServer: "choose others with --cluster-cidr", roleAgent: "join from another machine"} {
			if err := c.checkNeighbours(role, true); err == nil || !strings.Contains(err.Error(), wayOut) {
				t.Errorf("%s: %v", role, err)
			}
		}
		c.ClusterName, c.NodeName = other.Cluster, other.Node
		if err := c.checkNeighbours(roleAgent, true); err != nil {
			t.Errorf("a restart meets its own links: %v", err)
		}
	})
}
