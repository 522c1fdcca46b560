package node

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// world is a fake API, and facts that a test can change.
type world struct {
	client   *fake.Clientset
	notReady string
	keeper   *Keeper
	events   []string
}

func newWorld() *world {
	w := &world{client: fake.NewClientset()}
	w.keeper = NewKeeper(Config{
		Client: w.client, Name: "n1", Labels: map[string]string{"zone": "a"},
		Taints:       []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}},
		LeaseRenewal: 10 * time.Second, LeaseDuration: 40 * time.Second, StatusRefresh: 5 * time.Minute,
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
		Event: func(_, reason, message string) { w.events = append(w.events, reason+": "+message) },
		Facts: func(context.Context) Facts {
			return Facts{
				Name: "n1", IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: 10250, MaxPods: 110, NotReady: w.notReady,
				KubeletVersion: "v1.37.2", RuntimeVersion: "containerd://2.4.2",
				Machine: Machine{CPUs: 2, Memory: 4 << 30, Disk: 100 << 30, Info: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64"}},
			}
		},
	})
	return w
}

// writes counts the calls that change something of one resource.
func (w *world) writes(resource string) int {
	n := 0
	for _, a := range w.client.Actions() {
		if v := a.GetVerb(); a.GetResource().Resource == resource && (v == "create" || v == "update" || v == "patch") {
			n++
		}
	}
	return n
}

func (w *world) node(t *testing.T) *corev1.Node {
	t.Helper()
	n, err := w.client.CoreV1().Nodes().Get(context.Background(), "n1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ready(n *corev1.Node) corev1.NodeCondition {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c
		}
	}
	return corev1.NodeCondition{}
}

func run(t *testing.T, w *world, f func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.keeper.Run(ctx) }()
	defer func() { cancel(); <-done }()
	synctest.Wait()
	f()
}

func TestRegisters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run(t, w, func() {
			n := w.node(t)
			if n.Labels["zone"] != "a" || n.Labels[corev1.LabelHostname] != "n1" || n.Labels[corev1.LabelOSStable] != "linux" {
				t.Errorf("labels = %v", n.Labels)
			}
			if len(n.Spec.Taints) != 1 {
				t.Errorf("taints = %v", n.Spec.Taints)
			}
			if c := ready(n); c.Status != corev1.ConditionTrue || c.Reason != "KubeletReady" || c.Message != "kubelet is posting ready status" {
				t.Errorf("Ready = %+v", c)
			}
			if got := n.Status.Addresses; len(got) != 2 || got[0].Address != "10.0.0.1" || got[1].Type != corev1.NodeHostName {
				t.Errorf("addresses = %v", got)
			}
			if got := n.Status.Capacity.Memory().String(); got != "4Gi" {
				t.Errorf("memory = %s", got)
			}
		})
	})
}

func TestIdleWritesOnlyTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run(t, w, func() {
			nodes, leases := w.writes("nodes"), w.writes("leases")
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := w.writes("nodes") - nodes; got != 0 {
				t.Errorf("%d writes of the Node in an idle minute, want none", got)
			}
			if got := w.writes("leases") - leases; got != 6 {
				t.Errorf("%d renewals in a minute, want 6", got)
			}
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			if got := w.writes("nodes") - nodes; got != 1 {
				t.Errorf("%d writes of the Node in six minutes, want 1", got)
			}
		})
	})
}

func TestPostsAChangeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run(t, w, func() {
			w.notReady = "container runtime is down"
			w.keeper.Changed()
			synctest.Wait()
			if c := ready(w.node(t)); c.Status != corev1.ConditionFalse || c.Message != "container runtime is down" {
				t.Errorf("Ready = %+v", c)
			}
		})
	})
}

func TestRegistersAgainWhenDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run(t, w, func() {
			if err := w.client.CoreV1().Nodes().Delete(context.Background(), "n1", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			w.node(t)
		})
	})
}

func TestRetriesWhileTheAPIIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var down atomic.Bool
		down.Store(true)
		w.client.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
			if down.Load() {
				return true, nil, context.DeadlineExceeded
			}
			return false, nil, nil
		})
		run(t, w, func() {
			time.Sleep(30 * time.Second)
			down.Store(false)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			w.node(t)
			if w.writes("leases") == 0 {
				t.Error("no lease")
			}
		})
	})
}

func TestKeepsOthersConditions(t *testing.T) {
	old := corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: "NetworkUnavailable", Status: corev1.ConditionFalse}}}
	s := Facts{}.Status(old, metav1.Now())
	if len(s.Conditions) != 5 || s.Conditions[0].Type != "NetworkUnavailable" {
		t.Errorf("conditions = %+v", s.Conditions)
	}
}

func TestTellsWhatHappensToTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.notReady = "container runtime is down"
		run(t, w, func() {
			w.notReady = ""
			w.keeper.Changed()
			synctest.Wait()
			time.Sleep(time.Minute)
		})
		want := []string{
			"NodeHasSufficientMemory: Node n1 status is now: NodeHasSufficientMemory",
			"NodeHasNoDiskPressure: Node n1 status is now: NodeHasNoDiskPressure",
			"NodeHasSufficientPID: Node n1 status is now: NodeHasSufficientPID",
			"NodeReady: Node n1 status is now: NodeReady",
		}
		if !slices.Equal(w.events, want) {
			t.Errorf("events:\n%s\nwant:\n%s", strings.Join(w.events, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestTellsOfAReboot(t *testing.T) {
	w := newWorld()
	old, now := corev1.NodeStatus{}, corev1.NodeStatus{}
	old.NodeInfo.BootID, now.NodeInfo.BootID = "a", "b"
	w.keeper.tell(old, now)
	if want := []string{"Rebooted: Node n1 has been rebooted, boot id: b"}; !slices.Equal(w.events, want) {
		t.Errorf("events %q, want %q", w.events, want)
	}
}

func TestTheLeaseIsTheNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run(t, w, func() {
			time.Sleep(time.Second)
			l, err := w.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), "n1", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want := []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "n1", UID: w.node(t).UID}}
			if !slices.Equal(l.OwnerReferences, want) {
				t.Errorf("owners %+v, want %+v", l.OwnerReferences, want)
			}
		})
	})
}
