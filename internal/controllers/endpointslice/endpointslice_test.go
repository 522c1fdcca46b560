package endpointslice

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/controllers/controllertest"
	"skiff/internal/controllers/endpoints"

	"skiff/internal/client"
)

func service(change ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "svc", UID: "svc-uid", Labels: map[string]string{"team": "x"}},
		Spec: corev1.ServiceSpec{
			ClusterIP: "10.96.0.5", Selector: map[string]string{"app": "a"}, IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol},
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("web"), Protocol: corev1.ProtocolTCP}},
		},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func pod(i int, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: fmt.Sprint("p", i), UID: types.UID(fmt.Sprint("uid", i)), Labels: map[string]string{"app": "a"},
	}}
	p.Spec.NodeName = "n1"
	p.Spec.Containers = []corev1.Container{{Name: "c", Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}}}
	ip := fmt.Sprintf("10.244.%d.%d", i/250, i%250+1)
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}, {IP: fmt.Sprintf("fd00::%x", i+1)}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	for _, f := range change {
		f(p)
	}
	return p
}

func several(n int) (list []*corev1.Pod) {
	for i := range n {
		list = append(list, pod(i))
	}
	return list
}

func unready(p *corev1.Pod) { p.Status.Conditions = nil }
func ending(p *corev1.Pod)  { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }

func noZone(string) string { return "" }

func TestConditionsOfEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		service                     *corev1.Service
		pod                         *corev1.Pod
		ready, serving, terminating bool
	}{
		"ready":                      {service(), pod(0), true, true, false},
		"not ready":                  {service(), pod(0, unready), false, false, false},
		"ending but serving":         {service(), pod(0, ending), false, true, true},
		"published whatever it says": {service(func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true }), pod(0, unready, ending), true, false, true},
	} {
		e := endpoint(c.service, c.pod, "10.0.0.1", "z")
		if *e.Conditions.Ready != c.ready || *e.Conditions.Serving != c.serving || *e.Conditions.Terminating != c.terminating {
			t.Errorf("%s: ready %v serving %v terminating %v", name, *e.Conditions.Ready, *e.Conditions.Serving, *e.Conditions.Terminating)
		}
	}
}

func TestGroupsByFamilyAndPorts(t *testing.T) {
	dual := service(func(s *corev1.Service) {
		s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	})
	other := pod(2, func(p *corev1.Pod) { p.Spec.Containers[0].Ports[0].ContainerPort = 9090 })
	done := pod(3, func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })
	waiting := pod(4, func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil })
	got := groups(dual, append(several(2), other, done, waiting), noZone)
	want := map[string]int{"IPv4|http,8080,TCP,": 2, "IPv4|http,9090,TCP,": 1, "IPv6|http,8080,TCP,": 2, "IPv6|http,9090,TCP,": 1}
	if len(got) != len(want) {
		t.Errorf("groups %v", got)
	}
	for key, n := range want {
		if got[key] == nil || len(got[key].endpoints) != n {
			t.Errorf("%s: %+v, want %d endpoints", key, got[key], n)
		}
	}
	if none := groups(service(), nil, noZone); len(none) != 1 || none["IPv4"] == nil {
		t.Errorf("without pods: %v", none)
	}
}

// perform pretends that the plan was carried out.
func perform(existing []*discoveryv1.EndpointSlice, p plan) (out []*discoveryv1.EndpointSlice) {
	byName := map[string]*discoveryv1.EndpointSlice{}
	for _, s := range existing {
		byName[s.Name] = s
	}
	for _, s := range p.update {
		byName[s.Name] = s
	}
	for _, s := range p.remove {
		delete(byName, s.Name)
	}
	for i, s := range p.create {
		s.Name = fmt.Sprint("made", len(existing), "-", i)
		byName[s.Name] = s
	}
	for _, s := range byName {
		out = append(out, s)
	}
	return out
}

func count(list []*discoveryv1.EndpointSlice) (n int) {
	for _, s := range list {
		n += len(s.Endpoints)
	}
	return n
}

func TestFewWrites(t *testing.T) {
	s := service()
	p := decide(s, groups(s, several(250), noZone), nil)
	if len(p.create) != 3 {
		t.Fatalf("%d slices for 250 endpoints", len(p.create))
	}
	have := perform(nil, p)
	if p = decide(s, groups(s, several(250), noZone), have); len(p.create)+len(p.update)+len(p.remove) != 0 {
		t.Errorf("nothing changed, yet %+v", p)
	}
	list := several(250)
	list[7] = pod(7, unready)
	if p = decide(s, groups(s, list, noZone), have); len(p.update) != 1 || len(p.create)+len(p.remove) != 0 {
		t.Errorf("one pod changed: %d updates, %d creates", len(p.update), len(p.create))
	}
	list = append(several(250)[1:], pod(300)) // one goes, one comes: into its place
	if p = decide(s, groups(s, list, noZone), have); len(p.update) != 1 || len(p.create) != 0 {
		t.Errorf("one pod replaced: %d updates, %d creates", len(p.update), len(p.create))
	}
	have = perform(have, p)
	if count(have) != 250 {
		t.Errorf("%d endpoints", count(have))
	}
	have = perform(have, decide(s, groups(s, nil, noZone), have))
	if len(have) != 1 || len(have[0].Endpoints) != 0 {
		t.Errorf("without pods one empty slice stays: %v", have)
	}
	if p = decide(s, groups(s, nil, noZone), have); len(p.create)+len(p.update)+len(p.remove) != 0 {
		t.Errorf("and is left alone: %+v", p)
	}
}

func TestServicesAndPodsMeet(t *testing.T) {
	objects := []runtime.Object{
		service(), pod(1), pod(2, unready), pod(3, func(p *corev1.Pod) { p.Labels = nil }),
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "manual"}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{corev1.LabelTopologyZone: "z1"}}},
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return endpoints.New(c.Kube, f, c.Events), nil
		})
		slices := func() []discoveryv1.EndpointSlice {
			l, err := c.Kube.DiscoveryV1().EndpointSlices("ns").List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return l.Items
		}
		old := func() *corev1.Endpoints {
			e, err := c.Kube.CoreV1().Endpoints("ns").Get(t.Context(), "svc", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		all := slices()
		if len(all) != 1 || len(all[0].Endpoints) != 2 {
			t.Fatalf("slices %v", all)
		}
		s := all[0]
		if s.Labels[discoveryv1.LabelServiceName] != "svc" || s.Labels[discoveryv1.LabelManagedBy] != managedBy || s.Labels["team"] != "x" {
			t.Errorf("labels %v", s.Labels)
		}
		if e := s.Endpoints[0]; *e.NodeName != "n1" || *e.Zone != "z1" || e.TargetRef.Kind != "Pod" || *s.Ports[0].Port != 8080 {
			t.Errorf("endpoint %v, ports %v", e, s.Ports)
		}
		if sub := old().Subsets; len(sub) != 1 || len(sub[0].Addresses) != 1 || len(sub[0].NotReadyAddresses) != 1 || sub[0].Ports[0].Port != 8080 {
			t.Errorf("Endpoints %v", sub)
		}
		p, err := c.Kube.CoreV1().Pods("ns").Get(t.Context(), "p1", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p.Labels = map[string]string{"app": "b"}
		if p, err = c.Kube.CoreV1().Pods("ns").Update(t.Context(), p, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if all := slices(); len(all[0].Endpoints) != 1 {
			t.Errorf("p1 is not selected any more: %v", all)
		}
		before := c.Writes()
		p.Annotations = map[string]string{"note": "nothing to see"}
		if _, err := c.Kube.CoreV1().Pods("ns").Update(t.Context(), p, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 1 {
			t.Errorf("%d writes, want only the test's own", n)
		}
		if err := c.Kube.CoreV1().Services("ns").Delete(t.Context(), "svc", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		l, err := c.Kube.CoreV1().Endpoints("ns").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(l.Items) != 0 {
			t.Errorf("left behind: %v, err %v", l.Items, err)
		}
	})
}
