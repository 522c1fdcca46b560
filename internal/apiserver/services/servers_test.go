package services

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/networking"
	"skiff/internal/store"
)

// Two API servers, each with a store and caches of its own over one etcd, give
// the same small ranges at once.
func TestTwoServersNeverGiveOneTwice(t *testing.T) {
	endpoint := etcdServer(t)
	var servers []*Allocator
	for range 2 {
		st, err := store.Open(t.Context(), store.Config{Endpoints: []string{endpoint}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(st.Close)
		if len(servers) == 0 {
			create(t, st, networking.ServiceCIDR, serviceCIDR("kubernetes", "10.96.0.0/24", "fd00:96::/120"))
		}
		servers = append(servers, allocatorOf(t, st, "10.96.0.0/24", "fd00:96::/120"))
	}
	var (
		mu     sync.Mutex
		given  = map[string]string{}
		group  sync.WaitGroup
		asked  int // who asks by name, and is not first, is refused
		perHow = 12
	)
	for i, a := range servers {
		for j := range 8 {
			group.Go(func() {
				for n := range perHow {
					s := service(corev1.ServiceTypeNodePort, "", 0)
					s.Name = fmt.Sprintf("s%d-%d-%d", i, j, n)
					policy := corev1.IPFamilyPolicyRequireDualStack
					s.Spec.IPFamilyPolicy = &policy
					byName := n%4 == 3
					if byName { // all want the same
						s.Spec.ClusterIP, s.Spec.Ports[0].NodePort = fmt.Sprintf("10.96.0.%d", n), int32(30000+n)
					}
					finish, err := begin(t, a, s, nil)
					if err != nil {
						if !byName {
							t.Error(err)
						}
						continue
					}
					finish(true)
					mu.Lock()
					if byName {
						asked++
					}
					for _, what := range append(s.Spec.ClusterIPs, fmt.Sprint(s.Spec.Ports[0].NodePort)) {
						if other := given[what]; other != "" {
							t.Errorf("%s was given to %s and %s", what, other, s.Name)
						}
						given[what] = s.Name
					}
					mu.Unlock()
					if n%3 == 0 { // and some go again
						mu.Lock()
						for _, what := range append(s.Spec.ClusterIPs, fmt.Sprint(s.Spec.Ports[0].NodePort)) {
							delete(given, what)
						}
						mu.Unlock()
						write(t, a, nil, s)
					}
				}
			})
		}
	}
	group.Wait()
	if asked < perHow/4 {
		t.Errorf("%d of those who asked by name were served, want at least one for each name", asked)
	}
	ips, ports := taken(t, servers[1]), takenPorts(t, servers[0])
	if len(ips)+len(ports) != len(given) || len(ports)*3 != len(given) {
		t.Errorf("%d addresses and %d ports are taken; %d were given and kept", len(ips), len(ports), len(given))
	}
}

// etcdServer is an etcd of its own, as several API servers share one.
func etcdServer(t *testing.T) (endpoint string) {
	t.Helper()
	// A socket's path must be short, which that of t.TempDir is not.
	dir, err := os.MkdirTemp("", "etcd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := url.URL{Scheme: "unix", Path: filepath.Join(dir, "s")}
	c := embed.NewConfig()
	c.Dir, c.LogLevel, c.TickMs, c.ElectionMs = filepath.Join(dir, "data"), "panic", 20, 100
	c.ListenPeerUrls, c.ListenClientUrls = nil, []url.URL{socket}
	e, err := embed.StartEtcd(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	<-e.Server.ReadyNotify()
	return socket.String()
}
