package wire

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestStateOutlivesItsServer(t *testing.T) {
	dir := t.TempDir()
	if s, err := loadState(dir); s != nil || err != nil {
		t.Fatalf("an empty directory has state %v, error %v", s, err)
	}
	c := valid()
	c.DataDir, c.ClusterName, c.RuntimeEndpoint = dir, "skiff-x", "/run/other.sock"
	c.NodeLabels, c.TLSSANs, c.NodeTaints, c.EtcdServers = map[string]string{"a": "b"}, []string{"x"}, []string{"k=v:NoSchedule"}, []string{"https://e:2379"}
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	withToken := c
	withToken.Token = "a-secret"
	if err := withToken.saveState("server"); err != nil {
		t.Fatal(err)
	}
	s, err := loadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Role != "server" || s.RuntimeEndpoint != c.RuntimeEndpoint || s.ClusterName != c.ClusterName || s.NodeName != c.NodeName {
		t.Errorf("%+v", s)
	}
	if got := s.config(dir); !reflect.DeepEqual(got, c) {
		t.Errorf("settings\n%+v\nare kept as\n%+v", c, got)
	}
	if text, err := os.ReadFile(statePath(dir)); err != nil || strings.Contains(string(text), "a-secret") {
		t.Errorf("the token is kept, or nothing: %v\n%s", err, text)
	}
	if err := os.WriteFile(statePath(dir), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadState(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestOneServerOnADirectory(t *testing.T) {
	dir := t.TempDir()
	if pid := runningPID(dir); pid != 0 {
		t.Errorf("process %d runs on an empty directory", pid)
	}
	l, err := acquireLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if pid := runningPID(dir); pid != os.Getpid() {
		t.Errorf("process %d holds the lock, not %d", pid, os.Getpid())
	}
	if _, err := acquireLock(dir); err == nil || !strings.Contains(err.Error(), "already runs") {
		t.Errorf("a second server: %v", err)
	}
	l.release()
	if pid := runningPID(dir); pid != 0 {
		t.Errorf("process %d still holds the lock", pid)
	}
}

func TestReadinessIsHeard(t *testing.T) {
	l, err := listenNotify(filepath.Join(t.TempDir(), "n.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	notifySocket = l.path
	defer func() { notifySocket = "" }()
	notify("STATUS=starting")
	notify("READY=1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := l.ready(ctx); err != nil {
		t.Error(err)
	}
	cancel()
	if err := l.ready(ctx); err == nil {
		t.Error("ready without a word")
	}
}

func TestNodeNetworkAvoidsRoutes(t *testing.T) {
	p := netip.MustParsePrefix("172.31.9.0/24")
	route := func(cidr string) netlink.Route {
		_, dst, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		return netlink.Route{Dst: dst}
	}
	for cidr, want := range map[string]bool{
		"172.31.9.128/25": true, "172.16.0.0/12": true, "172.31.8.0/24": false, "0.0.0.0/0": false,
	} {
		if got := overlapsAny(p, []netlink.Route{{}, route(cidr)}); got != want {
			t.Errorf("%s is in the way of %s: %v", cidr, p, got)
		}
	}
	n := nodeNetwork{prefix: p}
	if n.host().String() != "172.31.9.1" || n.node(3).String() != "172.31.9.3" {
		t.Errorf("addresses %s, %s", n.host(), n.node(3))
	}
}
