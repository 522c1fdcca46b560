package disruption

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	policylisters "k8s.io/client-go/listers/policy/v1"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/pods"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const workers = 1

// Controller reconciles PodDisruptionBudgets.
type Controller struct {
	kube    kubernetes.Interface
	events  record.EventRecorder
	budgets policylisters.PodDisruptionBudgetLister
	pods    corelisters.PodLister
	sizes   sizes
	loop    *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) *Controller {
	budgets, podInformer := factory.PodDisruptionBudgets(), factory.Pods()
	c := &Controller{
		kube: kube, events: events, budgets: budgets.Lister(), pods: podInformer.Lister(),
		sizes: newSizes(factory, kube),
	}
	c.loop = reconcile.New("disruption", c.reconcile)
	reconcile.OnChange(budgets.Informer(), func(b *policyv1.PodDisruptionBudget) { c.loop.Add(reconcile.KeyOf(b)) })
	reconcile.OnUpdate(podInformer.Informer(), c.podChanged)
	c.sizes.onChange(c.resized)
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

// podChanged wakes the budgets that a pod is under, when what they look at has
// changed.
func (c *Controller) podChanged(old, p *corev1.Pod, deleted bool) {
	if old != nil && !deleted && pods.Ready(old) == pods.Ready(p) && old.Status.Phase == p.Status.Phase &&
		(old.DeletionTimestamp == nil) == (p.DeletionTimestamp == nil) && apiequality.Semantic.DeepEqual(old.Labels, p.Labels) &&
		apiequality.Semantic.DeepEqual(old.OwnerReferences, p.OwnerReferences) {
		return
	}
	all, _ := c.budgets.PodDisruptionBudgets(p.Namespace).List(labels.Everything()) // a cache does not fail
	for _, b := range all {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err == nil && (selector.Matches(labels.Set(p.Labels)) || old != nil && selector.Matches(labels.Set(old.Labels))) {
			c.loop.Add(reconcile.KeyOf(b))
		}
	}
}

// resized wakes the budgets of a namespace where a controller's size changed.
func (c *Controller) resized(namespace string) {
	all, _ := c.budgets.PodDisruptionBudgets(namespace).List(labels.Everything())
	for _, b := range all {
		if needsScales(b) {
			c.loop.Add(reconcile.KeyOf(b))
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	b, err := c.budgets.PodDisruptionBudgets(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	next, again, err := c.account(ctx, b)
	if err != nil {
		c.events.Eventf(b, corev1.EventTypeWarning, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: %v", err)
		return c.updateStatus(ctx, b, failed(b, err, time.Now()))
	}
	if again > 0 {
		c.loop.AddAfter(key, again)
	}
	return c.updateStatus(ctx, b, next)
}

func (c *Controller) account(ctx context.Context, b *policyv1.PodDisruptionBudget) (s policyv1.PodDisruptionBudgetStatus, again time.Duration, err error) {
	selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	if err != nil {
		return s, 0, err
	}
	list, err := c.pods.Pods(b.Namespace).List(selector)
	if err != nil {
		return s, 0, err
	}
	list = counted(list)
	if len(list) == 0 {
		c.events.Event(b, corev1.EventTypeNormal, "NoPods", "No matching pods found")
	}
	scales := int32(0)
	if needsScales(b) {
		if scales, err = c.sizes.total(ctx, list); err != nil {
			return s, 0, err
		}
	}
	want, err := demandOf(b, len(list), scales)
	if err != nil {
		return s, 0, err
	}
	s, again = status(b, list, want, time.Now())
	return s, again, nil
}

// updateStatus writes with the version that was read: an eviction in between
// makes it fail, and the account is made anew.
func (c *Controller) updateStatus(ctx context.Context, b *policyv1.PodDisruptionBudget, next policyv1.PodDisruptionBudgetStatus) error {
	if apiequality.Semantic.DeepEqual(b.Status, next) {
		return nil
	}
	changed := b.DeepCopy()
	changed.Status = next
	_, err := c.kube.PolicyV1().PodDisruptionBudgets(b.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("status of PodDisruptionBudget %s/%s: %w", b.Namespace, b.Name, err)
	}
	return nil
}

func setCondition(list []metav1.Condition, c metav1.Condition) []metav1.Condition {
	meta.SetStatusCondition(&list, c)
	return list
}
