// Package controllertest runs a controller against a pretended API server,
// in the bubble of testing/synctest, so that a test can wait until nothing is
// left to do instead of guessing how long that takes.
package controllertest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
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
	factories []informers.SharedInformerFactory
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
func (c *Cluster) Start(build func(informers.SharedInformerFactory) (Runner, error)) {
	c.t.Helper()
	factory := client.NewInformers(c.Kube)
	c.factories = append(c.factories, factory)
	r, err := build(factory)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := client.Start(c.ctx, factory); err != nil {
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
		c.stamp(a.Object)
	}
	return false, nil, nil
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
