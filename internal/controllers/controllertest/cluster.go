// Package controllertest runs a controller against a pretended API server,
// in the bubble of testing/synctest, so that a test can wait until nothing is
// left to do instead of guessing how long that takes.
package controllertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"

	"skiff/internal/client"
)

// Cluster is the pretended API server and what a controller needs of it.
type Cluster struct {
	Kube   *fake.Clientset
	Events *record.FakeRecorder

	t         *testing.T
	ctx       context.Context
	stop      context.CancelFunc
	factories []*client.Informers
	version   int
}

// Run makes a cluster with objects in it and calls test inside a synctest
// bubble. All that Start started has ended when Run returns.
func Run(t *testing.T, objects []runtime.Object, test func(t *testing.T, c *Cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &Cluster{Kube: fake.NewClientset(), Events: record.NewFakeRecorder(10000), t: t, version: 100}
		c.ctx, c.stop = context.WithCancel(context.Background())
		c.Kube.PrependReactor("*", "*", c.complete)
		c.Kube.PrependWatchReactor("*", c.watch)
		for _, o := range objects {
			c.fill(o)
			if err := c.Kube.Tracker().Add(o); err != nil {
				t.Fatal(err)
			}
		}
		defer func() {
			c.stop()
			for _, f := range c.factories {
				f.Shutdown()
			}
			synctest.Wait()
		}()
		test(t, c)
	})
}

// Runner is a controller.
type Runner interface{ Run(context.Context) error }

// Start builds a controller with informers of its own, runs it, and waits
// until it has nothing more to do.
func (c *Cluster) Start(build func(*client.Informers) (Runner, error)) {
	c.t.Helper()
	factory := client.NewInformers(c.Kube)
	c.factories = append(c.factories, factory)
	r, err := build(factory)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := factory.Sync(c.ctx); err != nil {
		c.t.Fatal(err)
	}
	go func() { _ = r.Run(c.ctx) }()
	c.Settle()
}

// Settle waits until every goroutine waits for something: no work is left but
// what time brings.
func (c *Cluster) Settle() {
	time.Sleep(time.Second) // of the bubble's clock: retries and batched work
	synctest.Wait()
}

// Pass lets time pass.
func (c *Cluster) Pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// NextEvents returns the Events recorded since the last call.
func (c *Cluster) NextEvents() (all []string) {
	for {
		select {
		case e := <-c.Events.Events:
			all = append(all, e)
		default:
			return all
		}
	}
}

// Writes counts the writing calls since the start.
func (c *Cluster) Writes() (n int) {
	for _, a := range c.Kube.Actions() {
		switch a.GetVerb() {
		case "create", "update", "patch", "delete":
			n++
		}
	}
	return n
}

// complete does what an API server does to an object on its way in.
func (c *Cluster) complete(action clienttesting.Action) (bool, runtime.Object, error) {
	switch a := action.(type) {
	case clienttesting.CreateActionImpl:
		if a.Subresource == "" {
			c.fill(a.Object)
		}
	case clienttesting.UpdateActionImpl:
		return c.update(a)
	case clienttesting.PatchActionImpl:
		return c.patch(a)
	}
	return false, nil, nil
}

// patch gives the patched object a new version, which the fake does not.
func (c *Cluster) patch(a clienttesting.PatchActionImpl) (bool, runtime.Object, error) {
	_, obj, err := clienttesting.ObjectReaction(c.Kube.Tracker())(a)
	if err != nil {
		return true, nil, err
	}
	obj = obj.DeepCopyObject()
	c.stamp(obj)
	if err := c.Kube.Tracker().Update(a.GetResource(), obj, a.GetNamespace()); err != nil {
		return true, nil, err
	}
	return true, obj.DeepCopyObject(), nil
}

// update refuses what was made from an older version, and lets a write of the
// status change nothing else: the fake itself does neither.
func (c *Cluster) update(a clienttesting.UpdateActionImpl) (bool, runtime.Object, error) {
	stored, err := c.Kube.Tracker().Get(a.GetResource(), a.GetNamespace(), nameOf(a.Object))
	if err != nil {
		return true, nil, err
	}
	if v := versionOf(a.Object); v != "" && v != versionOf(stored) {
		return true, nil, apierrors.NewConflict(a.GetResource().GroupResource(), nameOf(a.Object), errors.New("the object has been modified"))
	}
	obj := a.Object.DeepCopyObject()
	if a.Subresource == "status" {
		obj = stored.DeepCopyObject()
		statusOf(obj).Set(statusOf(a.Object.DeepCopyObject()))
	}
	c.stamp(obj)
	if err := c.Kube.Tracker().Update(a.GetResource(), obj, a.GetNamespace()); err != nil {
		return true, nil, err
	}
	return true, obj.DeepCopyObject(), nil
}

// watch hands out copies: the fake's own watches share its stored objects.
func (c *Cluster) watch(action clienttesting.Action) (bool, watch.Interface, error) {
	w, err := c.Kube.Tracker().Watch(action.GetResource(), action.GetNamespace(), action.(clienttesting.WatchActionImpl).ListOptions)
	if err != nil {
		return true, nil, err
	}
	return true, watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
		e.Object = e.Object.DeepCopyObject()
		return e, true
	}), nil
}

func statusOf(o runtime.Object) reflect.Value {
	return reflect.ValueOf(o).Elem().FieldByName("Status")
}

func nameOf(o runtime.Object) string {
	m, err := meta.Accessor(o)
	if err != nil {
		return ""
	}
	return m.GetName()
}

func versionOf(o runtime.Object) string {
	m, err := meta.Accessor(o)
	if err != nil {
		return ""
	}
	return m.GetResourceVersion()
}

func (c *Cluster) fill(o runtime.Object) {
	m, err := meta.Accessor(o)
	if err != nil {
		return
	}
	c.stamp(o)
	if m.GetName() == "" && m.GetGenerateName() != "" {
		m.SetName(fmt.Sprintf("%s%d", m.GetGenerateName(), c.version))
	}
	if m.GetUID() == "" {
		m.SetUID(types.UID(fmt.Sprintf("uid-%d", c.version)))
	}
	if t := m.GetCreationTimestamp(); t.IsZero() {
		m.SetCreationTimestamp(metav1.Now())
	}
}

// stamp gives the object a new resourceVersion.
func (c *Cluster) stamp(o runtime.Object) {
	if m, err := meta.Accessor(o); err == nil {
		c.version++
		m.SetResourceVersion(strconv.Itoa(c.version))
	}
}
