package namespace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
)

// parallel is how many resources are deleted at the same time.
const parallel = 8

// resource is one that may have objects in a namespace.
type resource struct {
	schema.GroupVersionResource
	collection bool // serves deletecollection
}

// name is how the conditions call it: "pods.", "deployments.apps".
func (r resource) name() string { return r.Resource + "." + r.Group }

// discover lists what a namespace can hold and lose. With an error, which
// names the groups that did not answer, the rest is returned.
func discover(d discovery.DiscoveryInterface) ([]resource, error) {
	lists, err := d.ServerPreferredNamespacedResources()
	var out []resource
	for _, list := range lists {
		gv, parseErr := schema.ParseGroupVersion(list.GroupVersion)
		if parseErr != nil {
			err = errors.Join(err, parseErr)
			continue
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "delete") && slices.Contains(r.Verbs, "list") {
				out = append(out, resource{gv.WithResource(r.Name), slices.Contains(r.Verbs, "deletecollection")})
			}
		}
	}
	return out, err
}

// purge asks for all objects of the resources to go, and reports what is left.
func purge(ctx context.Context, c metadata.Interface, namespace string, resources []resource) *findings {
	f := &findings{left: map[string]int{}, finalizers: map[string]int{}}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(parallel)
	for _, r := range resources {
		g.Go(func() error {
			left, err := empty(ctx, c.Resource(r.GroupVersionResource).Namespace(namespace), r.collection)
			mu.Lock()
			defer mu.Unlock()
			f.add(r, left, err)
			return nil
		})
	}
	_ = g.Wait() // what failed is in the findings
	return f
}

func (f *findings) add(r resource, left []metav1.PartialObjectMetadata, err error) {
	if err != nil {
		f.failed = append(f.failed, fmt.Sprintf("%s: %v", r.name(), err))
	}
	if len(left) > 0 {
		f.left[r.name()] = len(left)
	}
	for i := range left {
		for _, name := range left[i].Finalizers {
			f.finalizers[name]++
		}
	}
}

// empty deletes all of one resource and returns what is still there.
func empty(ctx context.Context, c metadata.ResourceInterface, collection bool) ([]metav1.PartialObjectMetadata, error) {
	left, err := c.List(ctx, metav1.ListOptions{})
	if gone(err) || err == nil && len(left.Items) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	background := metav1.DeletePropagationBackground
	o := metav1.DeleteOptions{PropagationPolicy: &background}
	if collection {
		err = c.DeleteCollection(ctx, o, metav1.ListOptions{})
	}
	if !collection || apierrors.IsMethodNotSupported(err) {
		err = nil
		for i := range left.Items {
			if e := c.Delete(ctx, left.Items[i].Name, o); e != nil && !gone(e) {
				err = errors.Join(err, e)
			}
		}
	}
	if err != nil {
		return left.Items, err
	}
	if left, err = c.List(ctx, metav1.ListOptions{}); err != nil {
		return nil, err
	}
	return left.Items, nil
}

// gone says that the object, or the resource itself, is no more.
func gone(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) }
