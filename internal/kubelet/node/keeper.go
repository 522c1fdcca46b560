package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Config is what a Keeper needs.
type Config struct {
	Client        kubernetes.Interface
	Name          string
	Labels        map[string]string // besides the standard ones
	Taints        []corev1.Taint    // at registration
	Facts         func(context.Context) Facts
	LeaseRenewal  time.Duration                      // how often the lease is renewed
	LeaseDuration time.Duration                      // how long a renewal holds
	StatusRefresh time.Duration                      // how often a status is written that has not changed
	Event         func(kind, reason, message string) // of the Node; default: none
	Log           *slog.Logger
}

// Keeper registers a node, and keeps its status and its lease.
type Keeper struct {
	Config
	nudge      chan struct{}
	seen       chan *corev1.Node // nil: the object is gone
	registered chan struct{}     // the lease, which waited for the Node, is due

	node   *corev1.Node // as the API last showed it; nil when unknown
	posted time.Time
}

// NewKeeper returns a Keeper; Run makes it work.
func NewKeeper(cfg Config) *Keeper {
	if cfg.Event == nil {
		cfg.Event = func(string, string, string) {}
	}
	return &Keeper{Config: cfg, nudge: make(chan struct{}, 1), seen: make(chan *corev1.Node, 1), registered: make(chan struct{}, 1)}
}

// Changed says that the facts may have changed. It never blocks.
func (k *Keeper) Changed() { signal(k.nudge) }

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run registers the node, and keeps status and lease until ctx ends. A failed
// write is tried again soon, and with the next beat.
func (k *Keeper) Run(ctx context.Context) {
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { k.watch(ctx) })
	parts.Go(func() { k.keepLease(ctx) })
	beat := time.NewTicker(k.LeaseRenewal)
	defer beat.Stop()
	delay := retryMin
	for {
		var again <-chan time.Time
		ready, err := k.update(ctx)
		if err != nil && ctx.Err() == nil {
			k.Log.Warn("node status not written, trying again", "node", k.Name, "in", delay, "err", err)
		}
		if err != nil || !ready { // nothing tells when the runtime's network is there
			again, delay = time.After(delay), min(2*delay, retryMax)
		} else {
			delay = retryMin
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-beat.C:
		case <-k.nudge:
		case n := <-k.seen:
			k.node = n
		}
	}
}

const (
	retryMin = 50 * time.Millisecond
	retryMax = 10 * time.Second
)

// watch follows the Node object: one that was deleted is registered again, and
// a condition that another has overwritten is set right, at once.
func (k *Keeper) watch(ctx context.Context) {
	one := fields.OneTermEqualSelector("metadata.name", k.Name).String()
	nodes := k.Client.CoreV1().Nodes()
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				o.FieldSelector = one
				return nodes.List(ctx, o)
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				o.FieldSelector = one
				return nodes.Watch(ctx, o)
			},
		}, k.Client),
		ObjectType: &corev1.Node{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { k.show(ctx, o.(*corev1.Node)) },
			UpdateFunc: func(_, o any) { k.show(ctx, o.(*corev1.Node)) },
			DeleteFunc: func(any) { k.show(ctx, nil) },
		},
	})
	informer.RunWithContext(ctx)
}

// show hands the newest object over, replacing one not yet taken.
func (k *Keeper) show(ctx context.Context, n *corev1.Node) {
	if n != nil && n.Name != k.Name {
		return
	}
	for {
		select {
		case k.seen <- n:
			return
		case <-ctx.Done():
			return
		default:
		}
		select {
		case <-k.seen:
		default:
		}
	}
}

// update registers the node if need be, and writes its status if it changed.
// It says whether the node is ready.
func (k *Keeper) update(ctx context.Context) (ready bool, err error) {
	facts := k.Facts(ctx)
	return facts.NotReady == "", k.write(ctx, facts)
}

func (k *Keeper) write(ctx context.Context, facts Facts) error {
	if k.node == nil {
		if err := k.register(ctx, facts); err != nil {
			return err
		}
	}
	if err := k.label(ctx, facts); err != nil {
		return k.lost(err)
	}
	now := metav1.Now().Rfc3339Copy()
	want := facts.Status(k.node.Status, now)
	if same(want, k.node.Status) && time.Since(k.posted) < k.StatusRefresh {
		return nil
	}
	n, err := k.patch(ctx, &corev1.Node{Status: k.node.Status}, &corev1.Node{Status: want}, "status")
	if err != nil {
		return k.lost(err)
	}
	k.tell(k.node.Status, want)
	k.node, k.posted = n, time.Now()
	return nil
}

// lost forgets a node that the API does not have.
func (k *Keeper) lost(err error) error {
	if apierrors.IsNotFound(err) {
		k.node = nil
	}
	return err
}

func (k *Keeper) register(ctx context.Context, facts Facts) error {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: k.Name, Labels: k.labels(facts)},
		Spec:       corev1.NodeSpec{Taints: k.Taints},
		Status:     facts.Status(corev1.NodeStatus{}, metav1.Now().Rfc3339Copy()),
	}
	made, err := k.Client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		made, err = k.Client.CoreV1().Nodes().Get(ctx, k.Name, metav1.GetOptions{})
	} else if err == nil {
		k.Log.Info("registered node", "node", k.Name)
		k.tell(corev1.NodeStatus{}, n.Status)
		k.posted = time.Now()
	}
	if err != nil {
		return fmt.Errorf("register node %q: %w", k.Name, err)
	}
	k.node = made
	signal(k.registered)
	return nil
}

func (k *Keeper) labels(facts Facts) map[string]string {
	labels := facts.Labels()
	for key, value := range k.Labels {
		labels[key] = value
	}
	return labels
}

// label sets labels that are missing or wrong; others' stay.
func (k *Keeper) label(ctx context.Context, facts Facts) error {
	missing := map[string]string{}
	for key, value := range k.labels(facts) {
		if k.node.Labels[key] != value {
			missing[key] = value
		}
	}
	if len(missing) == 0 {
		return nil
	}
	n, err := k.patch(ctx, &corev1.Node{}, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: missing}})
	if err == nil {
		k.node = n
	}
	return err
}

func (k *Keeper) patch(ctx context.Context, from, to *corev1.Node, subresource ...string) (*corev1.Node, error) {
	a, err := json.Marshal(from)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(to)
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateTwoWayMergePatch(a, b, corev1.Node{})
	if err != nil {
		return nil, err
	}
	return k.Client.CoreV1().Nodes().Patch(ctx, k.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, subresource...)
}
