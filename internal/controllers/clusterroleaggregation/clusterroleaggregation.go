// Package clusterroleaggregation gathers the rules of ClusterRoles into those
// that have an aggregationRule: admin, edit and view of every cluster, and
// whatever an operator adds to them by a label.
//
// It reads ClusterRoles, and owns the rules of those with an aggregationRule.
package clusterroleaggregation

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"

	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const fieldManager = "clusterrole-aggregation-controller"

// Controller writes the rules of aggregated ClusterRoles.
type Controller struct {
	kube  kubernetes.Interface
	roles rbaclisters.ClusterRoleLister
	loop  *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers) *Controller {
	roles := factory.ClusterRoles()
	c := &Controller{kube: kube, roles: roles.Lister()}
	c.loop = reconcile.New("clusterroleaggregation", c.reconcile)
	// A label that was removed is on no role any more, so every change may
	// concern every aggregated role. There are few, and a look is cheap.
	reconcile.OnChange(roles.Informer(), func(*rbacv1.ClusterRole) { c.addAggregated() })
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, 1) }

func (c *Controller) addAggregated() {
	all, _ := c.roles.List(labels.Everything())
	for _, r := range all {
		if r.AggregationRule != nil {
			c.loop.Add(reconcile.KeyOf(r))
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	role, err := c.roles.Get(key.Name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	if role.AggregationRule == nil {
		return nil
	}
	all, err := c.roles.List(labels.Everything())
	if err != nil {
		return err
	}
	rules, err := gather(role, all)
	if err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(rules, role.Rules) {
		return nil
	}
	role = role.DeepCopy()
	role.Rules = rules
	if _, err := c.kube.RbacV1().ClusterRoles().Update(ctx, role, metav1.UpdateOptions{FieldManager: fieldManager}); err != nil {
		return fmt.Errorf("ClusterRole %s: %w", role.Name, err)
	}
	return nil
}

// gather is the rules of all roles that one of the role's selectors matches,
// each once: selector by selector, and by name of the role, so that the order
// stays the same.
func gather(role *rbacv1.ClusterRole, all []*rbacv1.ClusterRole) ([]rbacv1.PolicyRule, error) {
	all = slices.SortedFunc(slices.Values(all), func(a, b *rbacv1.ClusterRole) int { return cmp.Compare(a.Name, b.Name) })
	var rules []rbacv1.PolicyRule
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, fmt.Errorf("ClusterRole %s: aggregationRule.clusterRoleSelectors[%d]: %w", role.Name, i, err)
		}
		for _, part := range all {
			if part.Name == role.Name || !selector.Matches(labels.Set(part.Labels)) {
				continue
			}
			for _, rule := range part.Rules {
				if !contains(rules, rule) {
					rules = append(rules, rule)
				}
			}
		}
	}
	return rules, nil
}

func contains(rules []rbacv1.PolicyRule, rule rbacv1.PolicyRule) bool {
	return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(r, rule) })
}
