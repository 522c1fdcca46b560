package bootstrap

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// object is any kind that bootstrap writes.
type object[T any] interface {
	runtime.Object
	metav1.Object
	DeepCopy() T
}

// collection is what reconcile uses of a typed client: L is the list of its kind.
type collection[T any, L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Update(context.Context, T, metav1.UpdateOptions) (T, error)
}

// writers is how many writes are under way at once: enough to share the disk's
// syncs, few enough to leave the server to others.
const writers = 16

// together runs steps that do not need one another.
func together(ctx context.Context, steps ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, step := range steps {
		g.Go(func() error { return step(ctx) })
	}
	return g.Wait()
}

// reconcile creates those of wanted that are not there, and updates those that
// merge changes. When all is well it costs one list.
func reconcile[T object[T], L runtime.Object](ctx context.Context, b *bootstrapper, c collection[T, L], wanted []T, merge func(have, want T) bool) error {
	list, err := c.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	have := map[string]T{}
	if err := meta.EachListItem(list, func(o runtime.Object) error {
		t, ok := o.(T)
		if !ok {
			return fmt.Errorf("a list of %T holds a %T", t, o)
		}
		have[t.GetName()] = t
		return nil
	}); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for _, want := range wanted {
		old, there := have[want.GetName()]
		g.Go(func() error { return write(ctx, b, c, old, there, want, merge) })
	}
	return g.Wait()
}

func write[T object[T], L runtime.Object](ctx context.Context, b *bootstrapper, c collection[T, L], old T, there bool, want T, merge func(have, want T) bool) error {
	if !there {
		_, err := c.Create(ctx, want, metav1.CreateOptions{})
		b.writes.Add(1)
		if apierrors.IsAlreadyExists(err) {
			return nil // another server is starting, too
		}
		return named(err, "make", want)
	}
	if old.GetAnnotations()[rbacv1.AutoUpdateAnnotationKey] == "false" {
		return nil
	}
	obj := old.DeepCopy()
	changed := merge(obj, want)
	if mergeMaps(obj, want) || changed {
		_, err := c.Update(ctx, obj, metav1.UpdateOptions{})
		b.writes.Add(1)
		if apierrors.IsConflict(err) {
			return nil // somebody else is at it; the next start sees
		}
		return named(err, "update", want)
	}
	return nil
}

// getter is what one uses of a typed client.
type getter[T any] interface {
	Get(context.Context, string, metav1.GetOptions) (T, error)
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Update(context.Context, T, metav1.UpdateOptions) (T, error)
}

// one creates want if it is not there, or updates it if mend changes it.
func one[T object[T]](ctx context.Context, b *bootstrapper, c getter[T], want T, mend func(have T) bool) error {
	have, err := c.Get(ctx, want.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		_, err = c.Create(ctx, want, metav1.CreateOptions{})
		b.writes.Add(1)
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return named(err, "make", want)
	case err != nil:
		return err
	case !mend(have):
		return nil
	}
	_, err = c.Update(ctx, have, metav1.UpdateOptions{})
	b.writes.Add(1)
	return named(err, "update", want)
}

// mergeMaps adds the labels and annotations that have lacks.
func mergeMaps(have, want metav1.Object) (changed bool) {
	add := func(have, want map[string]string) map[string]string {
		for k, v := range want {
			if _, ok := have[k]; !ok {
				if have == nil {
					have = map[string]string{}
				}
				have[k], changed = v, true
			}
		}
		return have
	}
	have.SetLabels(add(have.GetLabels(), want.GetLabels()))
	have.SetAnnotations(add(have.GetAnnotations(), want.GetAnnotations()))
	return changed
}

func named(err error, verb string, o metav1.Object) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot %s the %T %q: %w", verb, o, o.GetName(), err)
}
