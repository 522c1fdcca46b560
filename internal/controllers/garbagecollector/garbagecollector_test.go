package garbagecollector

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/client"
)

func TestJudge(t *testing.T) {
	solid := ownerState{presence: present}
	gone := ownerState{presence: absent}
	waiting := ownerState{presence: present, foreground: true}
	for name, c := range map[string]struct {
		owners     []ownerState
		dependents bool
		want       verdict
	}{
		"no owner":                 {nil, false, keep},
		"an owner":                 {[]ownerState{solid}, false, keep},
		"one of two is gone":       {[]ownerState{solid, gone}, false, disown},
		"one of two waits":         {[]ownerState{solid, waiting}, false, disown},
		"all are gone":             {[]ownerState{gone, gone}, true, remove},
		"the owner waits":          {[]ownerState{waiting}, false, remove},
		"it waits, and has others": {[]ownerState{waiting}, true, removeFirst},
		"not enough is known":      {[]ownerState{gone, {}}, false, verify},
	} {
		if got := judge(c.owners, c.dependents); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

func meta(uid string, owners ...string) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: uid, UID: types.UID(uid)}}
	for _, o := range owners {
		m.OwnerReferences = append(m.OwnerReferences, metav1.OwnerReference{UID: types.UID(o), Name: o})
	}
	return m
}

func TestTheGraphHoldsOnlyWhatMatters(t *testing.T) {
	woken := map[types.UID]bool{}
	g := newGraph(func(uid types.UID) { woken[uid] = true })
	g.observe(configMaps, meta("loner"))
	g.observe(configMaps, meta("child", "parent"))
	if len(g.objects) != 2 || !woken["child"] {
		t.Errorf("objects %v, woken %v", g.objects, woken)
	}
	g.observe(configMaps, meta("parent"))
	if v, ok := g.look("child"); !ok || v.states[0].presence != present {
		t.Errorf("the child's owner: %+v", v.states)
	}
	clear(woken)
	g.gone("parent")
	if v, _ := g.look("child"); !woken["child"] || v.states[0].presence != absent {
		t.Errorf("woken %v, owner %+v", woken, v.states)
	}
	g.gone("child")
	if len(g.objects) != 0 {
		t.Errorf("left: %v", g.objects)
	}
}

func TestAListTellsWhatIsGone(t *testing.T) {
	g := newGraph(func(types.UID) {})
	g.observe(configMaps, meta("child", "parent"))
	g.observe(configMaps, meta("parent"))
	g.onlyThese(schema.GroupResource{Resource: "secrets"}, nil)
	if v, _ := g.look("child"); v.states[0].presence != present {
		t.Error("a list of secrets says nothing about config maps")
	}
	g.onlyThese(configMaps.GroupResource(), map[types.UID]bool{"child": true})
	if v, _ := g.look("child"); v.states[0].presence != absent {
		t.Error("the parent is not in the list")
	}
}

// cluster is an API server with a garbage collector.
type cluster struct {
	*testing.T
	client.Clients
}

func start(t *testing.T) cluster {
	server := apitest.Start(t)
	c, err := client.New(server.Admin(), "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = New(c).Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	if _, err := c.Kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return cluster{t, c}
}

func (c cluster) make(name string, owners ...*corev1.ConfigMap) *corev1.ConfigMap {
	c.Helper()
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	yes := true
	for _, o := range owners {
		m.OwnerReferences = append(m.OwnerReferences, metav1.OwnerReference{
			APIVersion: "v1", Kind: "ConfigMap", Name: o.Name, UID: o.UID, BlockOwnerDeletion: &yes,
		})
	}
	m, err := c.Kube.CoreV1().ConfigMaps("ns").Create(c.Context(), m, metav1.CreateOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return m
}

func (c cluster) delete(name string, policy metav1.DeletionPropagation) {
	c.Helper()
	if err := c.Kube.CoreV1().ConfigMaps("ns").Delete(c.Context(), name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		c.Fatal(err)
	}
}

func (c cluster) get(ctx context.Context, name string) *corev1.ConfigMap {
	m, err := c.Kube.CoreV1().ConfigMaps("ns").Get(ctx, name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		c.Fatal(err)
	}
	if err != nil {
		return nil
	}
	return m
}

func (c cluster) gone(names ...string) {
	c.Helper()
	for _, name := range names {
		apitest.Eventually(c.T, name+" is gone", func(ctx context.Context) bool { return c.get(ctx, name) == nil })
	}
}

func TestBackground(t *testing.T) {
	c := start(t)
	a := c.make("a")
	b := c.make("b", a)
	c.make("c", b)
	other := c.make("other")
	c.make("shared", a, other)
	c.delete("a", metav1.DeletePropagationBackground)
	c.gone("a", "b", "c")
	apitest.Eventually(t, "shared has one owner left", func(ctx context.Context) bool {
		m := c.get(ctx, "shared")
		if m == nil {
			t.Fatal("shared has another owner, and is gone")
		}
		return len(m.OwnerReferences) == 1 && m.OwnerReferences[0].UID == other.UID
	})
}

func TestForeground(t *testing.T) {
	c := start(t)
	a := c.make("a")
	b := c.make("b", a)
	c.make("c", b)
	c.delete("a", metav1.DeletePropagationForeground)
	c.gone("c", "b", "a")
}

func TestOrphan(t *testing.T) {
	c := start(t)
	a := c.make("a")
	c.make("b", a)
	c.delete("a", metav1.DeletePropagationOrphan)
	c.gone("a")
	if b := c.get(t.Context(), "b"); b == nil || len(b.OwnerReferences) != 0 {
		t.Errorf("b is %v", b)
	}
}

func TestAnOwnerThatNeverWas(t *testing.T) {
	c := start(t)
	ghost := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "ghost", UID: "no-such-uid"}}
	c.make("haunted", ghost)
	c.gone("haunted")
	real := c.make("real")
	namesake := real.DeepCopy()
	namesake.UID = "another-uid"
	c.make("mistaken", namesake)
	c.gone("mistaken")
	if c.get(t.Context(), "real") == nil {
		t.Error("an owner is not collected")
	}
}
