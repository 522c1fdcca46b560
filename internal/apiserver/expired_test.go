package apiserver_test

import (
	"context"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/store"
)

// forgetful is a store that holds no old revision, and no future one.
type forgetful struct{ apiserver.Storage }

func (f forgetful) Table(r *api.Resource) store.Table { return forgetfulTable{f.Storage.Table(r)} }

type forgetfulTable struct{ store.Table }

func (t forgetfulTable) List(ctx context.Context, o store.ListOptions) (*store.List, error) {
	switch {
	case o.ExactRevision > 0:
		return nil, store.ErrExpired
	case o.MinRevision > 1_000_000:
		return nil, store.ErrFuture
	}
	return t.Table.List(ctx, o)
}

func (t forgetfulTable) Watch(ctx context.Context, o store.WatchOptions) (store.Watch, error) {
	if o.Since > 0 {
		return nil, store.ErrExpired
	}
	return t.Table.Watch(ctx, o)
}

func TestRevisionsThatAreGone(t *testing.T) {
	t.Parallel() // waits for what does not come
	s := apitest.Start(t, func(c *apiserver.Config) { c.Store = forgetful{c.Store} })
	makeConfigMaps(t, s.Admin(), 5)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	page, err := c.List(t.Context(), metav1.ListOptions{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.List(t.Context(), metav1.ListOptions{Limit: 2, Continue: page.Continue})
	if !apierrors.IsResourceExpired(err) {
		t.Fatalf("a page that is gone: %v", err)
	}
	again := err.(apierrors.APIStatus).Status().Continue
	rest, err := c.List(t.Context(), metav1.ListOptions{Continue: again})
	if err != nil || len(rest.Items) != 3 || rest.Items[0].Name != "c02" {
		t.Errorf("with the token of the error: %d items, %v", len(rest.Items), err)
	}

	exact := metav1.ListOptions{ResourceVersion: page.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchExact}
	if _, err := c.List(t.Context(), exact); !apierrors.IsResourceExpired(err) {
		t.Errorf("a list that is gone: %v", err)
	}
	_, err = c.List(t.Context(), metav1.ListOptions{ResourceVersion: "2000000"})
	if !apierrors.IsTimeout(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		t.Errorf("a list of the future: %v", err)
	}

	w, err := c.Watch(t.Context(), metav1.ListOptions{ResourceVersion: "2"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	ev := next(t, w)
	status, ok := ev.Object.(*metav1.Status)
	if ev.Type != watch.Error || !ok || status.Code != http.StatusGone || status.Reason != metav1.StatusReasonExpired {
		t.Errorf("a watch from a revision that is gone: %+v", ev)
	}
}
