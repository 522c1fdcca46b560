// Package source reads the ConfigMaps and Secrets that the node's pods refer
// to, and says when one of them changed.
//
// Each object is watched on its own, by name, as long as some pod refers to it:
// a node sees no others, and asks for nothing twice. One that is immutable is
// read once.
package source

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Kind is what a reference points to.
type Kind string

// The kinds that pods refer to.
const (
	ConfigMap Kind = "configmaps"
	Secret    Kind = "secrets"
)

// Ref is a reference to an object.
type Ref struct {
	Kind            Kind
	Namespace, Name string
}

// Sources keeps the objects that pods refer to.
type Sources struct {
	client  kubernetes.Interface
	changed func(types.UID)
	log     *slog.Logger
	ctx     context.Context // ends all watches

	mu      sync.Mutex
	watches map[Ref]*one
	refs    map[types.UID][]Ref
	running sync.WaitGroup
}

// one is a watched object. The first read is over when synced is closed.
type one struct {
	pods   map[types.UID]bool
	cancel context.CancelFunc
	synced chan struct{}

	mu     sync.Mutex
	object runtime.Object // nil: there is none
}

// New returns a Sources whose watches end with ctx; changed is called, for each
// pod that refers to it, when an object appears, changes or goes.
func New(ctx context.Context, client kubernetes.Interface, changed func(types.UID), log *slog.Logger) *Sources {
	return &Sources{client: client, changed: changed, log: log, ctx: ctx, watches: map[Ref]*one{}, refs: map[types.UID][]Ref{}}
}

// Wait returns once every watch has ended.
func (s *Sources) Wait() { s.running.Wait() }

// Register watches what a pod refers to.
func (s *Sources) Register(pod *corev1.Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.refs[pod.UID]; ok || s.ctx.Err() != nil {
		return
	}
	refs := Refs(pod)
	s.refs[pod.UID] = refs
	for _, r := range refs {
		w, ok := s.watches[r]
		if !ok {
			w = s.start(r)
			s.watches[r] = w
		}
		w.pods[pod.UID] = true
	}
}

// Unregister stops watching what only that pod referred to.
func (s *Sources) Unregister(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refs[uid] {
		w := s.watches[r]
		if delete(w.pods, uid); len(w.pods) == 0 {
			w.cancel()
			delete(s.watches, r)
		}
	}
	delete(s.refs, uid)
}

// ConfigMap returns a ConfigMap that some registered pod refers to, or reads it
// from the API.
func (s *Sources) ConfigMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error) {
	o, err := s.get(ctx, Ref{ConfigMap, namespace, name})
	if err != nil {
		return nil, err
	}
	return o.(*corev1.ConfigMap), nil
}

// Secret is ConfigMap for Secrets.
func (s *Sources) Secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	o, err := s.get(ctx, Ref{Secret, namespace, name})
	if err != nil {
		return nil, err
	}
	return o.(*corev1.Secret), nil
}

func (s *Sources) get(ctx context.Context, r Ref) (runtime.Object, error) {
	s.mu.Lock()
	w := s.watches[r]
	s.mu.Unlock()
	if w == nil {
		return s.read(ctx, r)
	}
	select {
	case <-w.synced:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.object == nil {
		return nil, notFound(r)
	}
	return w.object, nil
}

// notFound words the error as pods' events have it: with the kind's singular.
func notFound(r Ref) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: strings.TrimSuffix(string(r.Kind), "s")}, r.Name)
}

func (s *Sources) read(ctx context.Context, r Ref) (o runtime.Object, err error) {
	if r.Kind == Secret {
		o, err = s.client.CoreV1().Secrets(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	} else {
		o, err = s.client.CoreV1().ConfigMaps(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil, notFound(r)
	}
	return o, err
}

// start watches one object. The caller holds the lock.
func (s *Sources) start(r Ref) *one {
	ctx, cancel := context.WithCancel(s.ctx)
	w := &one{pods: map[types.UID]bool{}, cancel: cancel, synced: make(chan struct{})}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: s.listWatch(r),
		ObjectType:    example(r.Kind),
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { s.set(r, w, o.(runtime.Object)) },
			UpdateFunc: func(_, o any) { s.set(r, w, o.(runtime.Object)) },
			DeleteFunc: func(any) { s.set(r, w, nil) },
		},
	})
	s.running.Go(func() { informer.RunWithContext(ctx) })
	s.running.Go(func() {
		select {
		case <-informer.HasSyncedChecker().Done():
			close(w.synced)
		case <-ctx.Done():
		}
	})
	return w
}

func (s *Sources) listWatch(r Ref) cache.ListerWatcher {
	only := fields.OneTermEqualSelector("metadata.name", r.Name).String()
	core := s.client.CoreV1()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = only
			if r.Kind == Secret {
				return core.Secrets(r.Namespace).List(ctx, o)
			}
			return core.ConfigMaps(r.Namespace).List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = only
			if r.Kind == Secret {
				return core.Secrets(r.Namespace).Watch(ctx, o)
			}
			return core.ConfigMaps(r.Namespace).Watch(ctx, o)
		},
	}
	return cache.ToListWatcherWithWatchListSemantics(lw, s.client)
}

func example(k Kind) runtime.Object {
	if k == Secret {
		return &corev1.Secret{}
	}
	return &corev1.ConfigMap{}
}

// set notes an object's new state and tells the pods. An immutable one is not
// watched any longer.
func (s *Sources) set(r Ref, w *one, o runtime.Object) {
	if m, ok := o.(metav1.Object); ok && m.GetName() != r.Name {
		return
	}
	w.mu.Lock()
	first := w.object == nil && o != nil
	w.object = o
	w.mu.Unlock()
	if first && immutable(o) {
		s.running.Go(func() {
			select { // the watch must live until readers may look
			case <-w.synced:
				w.cancel()
			case <-s.ctx.Done():
			}
		})
	}
	s.mu.Lock()
	var pods []types.UID
	for uid := range w.pods {
		pods = append(pods, uid)
	}
	s.mu.Unlock()
	for _, uid := range pods {
		s.changed(uid)
	}
}

func immutable(o runtime.Object) bool {
	switch o := o.(type) {
	case *corev1.ConfigMap:
		return o.Immutable != nil && *o.Immutable
	case *corev1.Secret:
		return o.Immutable != nil && *o.Immutable
	}
	return false
}
