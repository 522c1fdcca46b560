package servicecidr

import (
	"context"
	"log/slog"
	"sync"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// ofServices selects the IPAddresses of Services.
const ofServices = networkingv1.LabelManagedBy + "=" + managedBy

// page is how many IPAddresses are read at once.
const page = 500

// needed says whether an IPAddress keeps the range.
func (c *Controller) needed(ctx context.Context, o *networkingv1.ServiceCIDR, all []*networkingv1.ServiceCIDR) (bool, error) {
	own, rest := prefixes(o), others(o, all)
	options := metav1.ListOptions{LabelSelector: ofServices, Limit: page}
	for {
		list, err := c.kube.NetworkingV1().IPAddresses().List(ctx, options)
		if err != nil {
			return false, err
		}
		for i := range list.Items {
			if binds(list.Items[i].Name, own, rest) {
				return true, nil
			}
		}
		if options.Continue = list.Continue; options.Continue == "" {
			return false, nil
		}
	}
}

// addressWatch tells of IPAddresses that go. It runs only while a ServiceCIDR
// is being deleted: a cluster has as many IPAddresses as Services, and they
// are of no interest at any other time.
type addressWatch struct {
	kube kubernetes.Interface
	gone func()

	ctx    context.Context // that of Run
	mu     sync.Mutex
	cancel context.CancelFunc
}

func (w *addressWatch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		return
	}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(w.ctx)
	go w.run(ctx)
}

func (w *addressWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
		w.cancel = nil
	}
}

// run watches until ctx ends. A watch that breaks may have missed something.
func (w *addressWatch) run(ctx context.Context) {
	const pause = time.Second
	for ctx.Err() == nil {
		err := w.once(ctx)
		if ctx.Err() != nil {
			return
		}
		slog.Debug("the watch of IPAddresses ended; watching again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			w.gone()
		}
	}
}

func (w *addressWatch) once(ctx context.Context) error {
	events, err := w.kube.NetworkingV1().IPAddresses().Watch(ctx, metav1.ListOptions{LabelSelector: ofServices})
	if err != nil {
		return err
	}
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events.ResultChan():
			if !ok {
				return nil
			}
			if e.Type == watch.Deleted {
				w.gone()
			}
		}
	}
}
