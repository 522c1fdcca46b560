package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"skiff/internal/servicecache"
	"skiff/test/await"
)

// TestRunFollowsTheAPI runs the whole component: what is created, changed and
// deleted in the API arrives in the kernel, and stays there when Run ends.
func TestRunFollowsTheAPI(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	api := fake.NewClientset()
	cfg := *r.cfg
	cfg.HealthAddress = netip.MustParseAddrPort("127.0.0.1:10256")
	var err error
	cfg.Informers, err = servicecache.New(api)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go r.in(r.node, func() { ended <- Run(ctx, cfg) })

	svc := newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080)
	svc.Spec.Type = corev1.ServiceTypeLoadBalancer
	svc.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	svc.Spec.HealthCheckNodePort = 32000
	_, err = api.CoreV1().Services("default").Create(ctx, svc, metav1.CreateOptions{})
	must(t, err)
	slice := sliceOf("web", "node1", pod1, 8080)
	_, err = api.DiscoveryV1().EndpointSlices("default").Create(ctx, slice, metav1.CreateOptions{})
	must(t, err)

	r.eventually("the service answers", func() error {
		_, _, err := r.ask(outside, "tcp", gate+":30080")
		return err
	})
	r.eventually("both health ports say yes", func() error {
		return firstError(r.health("10256", http.StatusOK, "nodeEligible", true), r.health("32000", http.StatusOK, "localEndpoints", 1.0))
	})
	must(t, api.DiscoveryV1().EndpointSlices("default").Delete(ctx, slice.Name, metav1.DeleteOptions{}))
	r.eventually("load balancers are told to go elsewhere", func() error {
		return r.health("32000", http.StatusServiceUnavailable, "localEndpoints", 0.0)
	})
	_, err = api.DiscoveryV1().EndpointSlices("default").Create(ctx, slice, metav1.CreateOptions{})
	must(t, err)
	r.eventually("the service answers again", func() error {
		_, _, err := r.ask(outside, "tcp", gate+":30080")
		return err
	})

	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	cfg.Informers.Shutdown()
	r.expect(outside, "tcp", gate+":30080", pod1, outside)
}

// TestFlushedRulesComeBack: a firewall that starts flushes everything, the notes
// of what settings were with it; without a change in the API all is as before.
func TestFlushedRulesComeBack(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	cfg := *r.cfg
	var err error
	cfg.Informers, err = servicecache.New(fake.NewClientset(
		newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), sliceOf("web", "node1", pod1, 8080)))
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go r.in(r.node, func() { ended <- Run(ctx, cfg) })
	answers := func() error {
		_, _, err := r.ask(outside, "tcp", gate+":30080")
		return err
	}
	r.eventually("the service answers", answers)
	for range 2 {
		r.in(r.node, func() {
			conn, err := nftables.New()
			must(t, err)
			conn.FlushRuleset()
			must(t, conn.Flush())
		})
		r.eventually("the service answers again", answers)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	cfg.Informers.Shutdown()
	r.in(r.node, func() { must(t, Clean(cfg)) })
	if got := r.sysctl("ipv4/conf/all/route_localnet"); got != "0" {
		t.Errorf("after Clean route_localnet is %s: what it was before is forgotten", got)
	}
}

// TestNoConnectionIsLostWhileEndpointsChange connects all the time while a
// Service's endpoints come and go.
func TestNoConnectionIsLostWhileEndpointsChange(t *testing.T) {
	r := newRig(t)
	for _, pod := range []string{pod1, pod2, remote} {
		r.serve(pod, 8080)
	}
	svc := newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080)
	sets := [][]string{{pod1}, {pod1, remote}, {remote}, {pod1, pod2, remote}, {pod2}}
	apply := func(i int) {
		var list []string
		for _, pod := range sets[i%len(sets)] {
			list = append(list, pod+":8080")
		}
		r.service(svc, list...)
	}
	apply(0)
	done := make(chan struct{})
	errs := make(chan error, 2)
	for _, to := range []string{"10.96.1.1:80", gate + ":30080"} {
		go func() { errs <- r.askUntil(done, outside, to) }()
	}
	for i := range 400 {
		apply(i)
	}
	close(done)
	must(t, firstError(<-errs, <-errs))
}

// askUntil makes connections until done is closed or one of them fails.
func (r *rig) askUntil(done chan struct{}, from, to string) (failure error) {
	r.in(r.ns[from], func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				if n == 0 {
					failure = fmt.Errorf("no connection was made to %s", to)
				}
				return
			default:
			}
			conn, err := dialHere(to)
			if err == nil {
				_, _, err = askOn(conn)
				_ = conn.Close()
			}
			if err != nil {
				failure = fmt.Errorf("connection %d to %s: %w", n, to, err)
				return
			}
		}
	})
	return failure
}

func sliceOf(service, node, addr string, port int32) *discoveryv1.EndpointSlice {
	name := ""
	protocol := corev1.ProtocolTCP
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: service + "-1", Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{addr}, NodeName: &node}},
	}
}

// health asks one of the node's health ports.
func (r *rig) health(port string, code int, field string, value any) error {
	conn, err := r.dial("", "tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	head, body, _ := strings.Cut(string(text), "\r\n\r\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	if !strings.Contains(head, fmt.Sprintf(" %d ", code)) || got[field] != value {
		return fmt.Errorf("port %s answered %s %v, want %d and %s %v", port, strings.SplitN(head, "\r\n", 2)[0], got, code, field, value)
	}
	return nil
}

// eventually tries until there is no error, for half a minute at most.
func (r *rig) eventually(what string, try func() error) {
	r.t.Helper()
	await.NoError(r.t, 30*time.Second, what, try)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestDirtyCollectsABurst(t *testing.T) {
	d := newDirty()
	h := d.handler(func(obj any) (types.NamespacedName, bool) { return obj.(types.NamespacedName), true })
	a, b := types.NamespacedName{Name: "a"}, types.NamespacedName{Name: "b"}
	h.OnAdd(b, false)
	h.OnUpdate(b, a)
	h.OnDelete(a)
	select {
	case <-d.wake:
	default:
		t.Fatal("no signal")
	}
	if got := d.take(); len(got) != 2 || got[0] != a || got[1] != b {
		t.Errorf("took %v", got)
	}
	select {
	case <-d.wake:
		t.Error("a signal though all was taken")
	default:
	}
}
