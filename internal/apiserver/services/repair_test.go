package services

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"

	"skiff/internal/api/core"
	"skiff/internal/api/networking"
	"skiff/internal/store"
)

// repaired runs the repairs of an allocator until the test ends, with a grace
// so short that what leaks is released at once.
func repaired(t *testing.T, a *Allocator) *record.FakeRecorder {
	t.Helper()
	events := record.NewFakeRecorder(1000)
	a.repair.grace = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, events) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return events
}

// until watches a table until condition holds.
func until(t *testing.T, table store.Table, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w, err := table.Watch(ctx, store.WatchOptions{Initial: true, Bookmarks: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	for range w.Events() {
		if condition() {
			return
		}
	}
	t.Fatalf("waiting until %s: %v", what, w.Err())
}

func expectEvent(t *testing.T, events *record.FakeRecorder, want string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case e := <-events.Events:
			if strings.Contains(e, want) {
				return
			}
			t.Logf("another Event: %s", e)
		case <-late:
			t.Fatalf("no Event says %q", want)
		}
	}
}

func ipAddress(addr, namespace, name string) *networkingv1.IPAddress {
	return newIPAddress(mustAddr(addr), types.NamespacedName{Namespace: namespace, Name: name})
}

func stored(name, ip string, ports ...int32) *corev1.Service {
	kind := corev1.ServiceTypeClusterIP
	if len(ports) > 0 {
		kind = corev1.ServiceTypeNodePort
	}
	s := service(kind, ip, ports...)
	s.Name, s.Spec.ClusterIPs = name, []string{ip}
	return s
}

func TestLeakedAddressesAreReleased(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", stored("s", "10.96.0.7"))
	st := a.storage.(*store.Store)
	create(t, st, networking.IPAddress, ipAddress("10.96.0.8", "team", "nobody"))
	create(t, st, networking.IPAddress, ipAddress("10.96.0.9", "team", "s"))
	mine := ipAddress("10.96.0.10", "team", "nobody")
	mine.Labels = nil // somebody's own
	create(t, st, networking.IPAddress, mine)
	events := repaired(t, a)
	want := []string{"10.96.0.10", "10.96.0.7"}
	until(t, a.addresses(), "only "+strings.Join(want, " and ")+" are taken", func() bool { return slices.Equal(taken(t, a), want) })
	expectEvent(t, events, "Warning IPAddress")

	// And while it runs.
	create(t, st, networking.IPAddress, ipAddress("10.96.0.8", "team", "nobody"))
	until(t, a.addresses(), "the new leak is released", func() bool { return slices.Equal(taken(t, a), want) })
}

func TestServicesGetWhatTheyHold(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	st := a.storage.(*store.Store)
	events := repaired(t, a)
	create(t, st, core.Service, stored("s", "10.96.0.7", 30080))
	expectEvent(t, events, "Warning ClusterIPNotAllocated Cluster IP [IPv4]: 10.96.0.7 is not allocated; repairing")
	until(t, a.addresses(), "10.96.0.7 is taken", func() bool { return slices.Equal(taken(t, a), []string{"10.96.0.7"}) })
	until(t, a.ports.table, "30080 is taken", func() bool { return slices.Equal(takenPorts(t, a), []int{30080}) })

	// Somebody deletes the IPAddress.
	item, err := a.addresses().Get(t.Context(), "", "10.96.0.7", store.Latest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.addresses().Delete(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	expectEvent(t, events, "ClusterIPNotAllocated")
	until(t, a.addresses(), "10.96.0.7 is taken again", func() bool { return slices.Equal(taken(t, a), []string{"10.96.0.7"}) })
}

func TestWhatCannotBeRepairedIsReported(t *testing.T) {
	for want, s := range map[string]*corev1.Service{
		"Warning ClusterIPAlreadyAllocated Cluster IP [IPv4]:10.96.0.7 was assigned to multiple services; please recreate service":   stored("second", "10.96.0.7"),
		"Warning ClusterIPOutOfRange Cluster IP [IPv4]: 10.1.0.7 is not within any configured Service CIDR; please recreate service": stored("out", "10.1.0.7"),
		"Warning ClusterIPNotValid Cluster IP banana is not a valid IP; please recreate Service":                                     stored("bad", "banana"),
		"Warning PortAlreadyAllocated Port 30080 was assigned to multiple services; please recreate service":                         stored("port", "10.96.0.8", 30080),
		"Warning PortOutOfRange Port 80 is not within the port range 30000-32767; please recreate service":                           stored("low", "10.96.0.9", 80),
	} {
		t.Run(s.Name, func(t *testing.T) {
			a := allocator(t, "10.96.0.0/16", stored("first", "10.96.0.7", 30080))
			events := repaired(t, a)
			until(t, a.ports.table, "the first has its port", func() bool { return slices.Equal(takenPorts(t, a), []int{30080}) })
			create(t, a.storage.(*store.Store), core.Service, s)
			expectEvent(t, events, want)
		})
	}
}

func TestWrongReferencesAreMended(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	st := a.storage.(*store.Store)
	wrong := ipAddress("10.96.0.7", "team", "s")
	wrong.Labels = map[string]string{"a": "b"}
	wrong.CreationTimestamp = metav1.Now()
	create(t, st, networking.IPAddress, wrong)
	create(t, st, networking.IPAddress, ipAddress("10.96.0.8", "elsewhere", "t"))
	create(t, st, core.Service, stored("s", "10.96.0.7"))
	create(t, st, core.Service, stored("t", "10.96.0.8"))
	repaired(t, a)
	until(t, a.addresses(), "both are as they should be", func() bool {
		for name, ip := range map[string]string{"s": "10.96.0.7", "t": "10.96.0.8"} {
			item, err := a.addresses().Get(t.Context(), "", ip, 0)
			if err != nil {
				return false
			}
			o := item.Object().(*networkingv1.IPAddress)
			if !hasLabels(o, mustAddr(ip)) || ownerOf(o) != (types.NamespacedName{Namespace: "team", Name: name}) {
				return false
			}
		}
		return true
	})
}

func TestLeakedPortsAreReleased(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", stored("s", "10.96.0.7", 30080))
	take := func(port int) {
		t.Helper()
		if err := a.ports.change(t.Context(), func(set *portSet) error { return set.take(port) }); err != nil {
			t.Fatal(err)
		}
	}
	take(30081)
	repaired(t, a)
	settled := func() bool { return slices.Equal(takenPorts(t, a), []int{30080}) }
	until(t, a.ports.table, "the leak of an earlier time is released", settled)
	take(30082)
	until(t, a.ports.table, "the new leak is released", settled)
}

// Data of a time before IPAddresses and ranges is complete before the first
// request is answered.
func TestEarlierData(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", stored("a", "10.96.0.7", 30080), stored("b", "10.96.0.8"))
	if ips, ports := taken(t, a), takenPorts(t, a); !slices.Equal(ips, []string{"10.96.0.7", "10.96.0.8"}) || !slices.Equal(ports, []int{30080}) {
		t.Errorf("%v and %v are taken", ips, ports)
	}
}
