package bootstrap

import (
	"context"
	"slices"
	"strconv"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"skiff/internal/api/flowcontrol"
)

// FlowControl puts back the priority levels and flow schemas that every
// cluster has. Run does it, too; it is called again when they have changed.
func FlowControl(ctx context.Context, cfg *rest.Config) error {
	b, err := newBootstrapper(cfg, Options{})
	if err != nil {
		return err
	}
	return b.flowControl(ctx)
}

// flowControl writes the priority levels and flow schemas that every cluster
// has. Those that must be are always as they must be; what users made of the
// suggested ones stays, once they say that it is theirs. The levels come first,
// so that no schema finds its own missing.
func (b *bootstrapper) flowControl(ctx context.Context) error {
	levels, schemas := b.kube.FlowcontrolV1().PriorityLevelConfigurations(), b.kube.FlowcontrolV1().FlowSchemas()
	wantedLevels, wantedSchemas := priorityLevels(), flowSchemas()
	if err := reconcile(ctx, b, levels, wantedLevels, renewLevel); err != nil {
		return err
	}
	if err := reconcile(ctx, b, schemas, wantedSchemas, renewSchema); err != nil {
		return err
	}
	haveSchemas, err := schemas.List(ctx, metav1.ListOptions{})
	if err == nil {
		err = withdraw(ctx, b, schemas, haveSchemas.Items, wantedSchemas)
	}
	if err != nil {
		return err
	}
	haveLevels, err := levels.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return withdraw(ctx, b, levels, haveLevels.Items, wantedLevels)
}

func renewLevel(have, want *flowcontrolv1.PriorityLevelConfiguration) (changed bool) {
	spec := *want.Spec.DeepCopy()
	if have.Name == flowcontrolv1.PriorityLevelConfigurationNameExempt && have.Spec.Exempt != nil {
		spec.Exempt = have.Spec.Exempt // how much it reserves and lends is for users to say
	}
	return renew(have, &have.Spec, spec)
}

func renewSchema(have, want *flowcontrolv1.FlowSchema) (changed bool) {
	return renew(have, &have.Spec, *want.Spec.DeepCopy())
}

// renew gives an object its spec, if that is the system's to say.
func renew[S any](o metav1.Object, spec *S, want S) (changed bool) {
	ours, changed := takeCare(o)
	if !ours || equality.Semantic.DeepEqual(*spec, want) {
		return changed
	}
	*spec = want
	return true
}

// mandatory are the names of the levels and of the schemas that must be.
var mandatory = []string{flowcontrolv1.FlowSchemaNameExempt, flowcontrolv1.FlowSchemaNameCatchAll}

// takeCare finds out whether an object is the system's to change, and has the
// object say so.
func takeCare(o metav1.Object) (ours, changed bool) {
	said, err := strconv.ParseBool(o.GetAnnotations()[flowcontrolv1.AutoUpdateAnnotationKey])
	switch {
	case slices.Contains(mandatory, o.GetName()):
		ours = true
	case err == nil:
		ours = said
	default:
		ours = o.GetGeneration() == 1 // nobody has changed it
	}
	if err == nil && said == ours {
		return ours, false
	}
	annotations := map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: strconv.FormatBool(ours)}
	for key, value := range o.GetAnnotations() {
		if key != flowcontrolv1.AutoUpdateAnnotationKey {
			annotations[key] = value
		}
	}
	o.SetAnnotations(annotations)
	return ours, true
}

// withdraw deletes what the system once suggested and does no longer.
func withdraw[T metav1.Object, V any](ctx context.Context, b *bootstrapper, c deleter, have []V, wanted []T) error {
	for i := range have {
		o := any(&have[i]).(T)
		ours, err := strconv.ParseBool(o.GetAnnotations()[flowcontrolv1.AutoUpdateAnnotationKey])
		if err != nil || !ours || slices.ContainsFunc(wanted, func(w T) bool { return w.GetName() == o.GetName() }) {
			continue
		}
		uid := o.GetUID()
		err = c.Delete(ctx, o.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
		b.writes.Add(1)
		if err != nil && !apierrors.IsNotFound(err) {
			return named(err, "delete", o)
		}
	}
	return nil
}

type deleter interface {
	Delete(context.Context, string, metav1.DeleteOptions) error
}

// autoUpdate marks what is the system's own, as users look for it.
var autoUpdate = map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "true"}

func flowMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Annotations: autoUpdate}
}

// priorityLevels are those that must be and those that Kubernetes suggests.
func priorityLevels() []*flowcontrolv1.PriorityLevelConfiguration {
	levels := []*flowcontrolv1.PriorityLevelConfiguration{
		{ObjectMeta: flowMeta(flowcontrolv1.PriorityLevelConfigurationNameExempt), Spec: flowcontrol.Exempt},
		{ObjectMeta: flowMeta(flowcontrolv1.PriorityLevelConfigurationNameCatchAll), Spec: flowcontrol.CatchAll},
	}
	for _, l := range []struct {
		name                           string
		shares, lendable, queues, hand int32
	}{
		{"system", 30, 33, 64, 6},
		{"node-high", 40, 25, 64, 6},
		{"leader-election", 10, 0, 16, 4},
		{"workload-high", 40, 50, 128, 6},
		{"workload-low", 100, 90, 128, 6},
		{"global-default", 20, 50, 128, 6},
	} {
		level := &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: flowMeta(l.name)}
		level.Spec.Type = flowcontrolv1.PriorityLevelEnablementLimited
		level.Spec.Limited = &flowcontrolv1.LimitedPriorityLevelConfiguration{
			NominalConcurrencyShares: &l.shares, LendablePercent: &l.lendable,
			LimitResponse: flowcontrolv1.LimitResponse{
				Type:    flowcontrolv1.LimitResponseTypeQueue,
				Queuing: &flowcontrolv1.QueuingConfiguration{Queues: l.queues, HandSize: l.hand, QueueLengthLimit: 50},
			},
		}
		levels = append(levels, level)
	}
	return levels
}

const (
	perUser      = flowcontrolv1.FlowDistinguisherMethodByUserType
	perNamespace = flowcontrolv1.FlowDistinguisherMethodByNamespaceType
)

var (
	anything = []string{"*"}

	// all is every request.
	all = flowcontrolv1.PolicyRulesWithSubjects{
		ResourceRules:    []flowcontrolv1.ResourcePolicyRule{{Verbs: anything, APIGroups: anything, Resources: anything, Namespaces: anything, ClusterScope: true}},
		NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: anything, NonResourceURLs: anything}},
	}
	probes = flowcontrolv1.PolicyRulesWithSubjects{
		NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/healthz", "/readyz", "/livez"}}},
	}
	// elections are how one of several is chosen to work.
	elections = flowcontrolv1.PolicyRulesWithSubjects{ResourceRules: []flowcontrolv1.ResourcePolicyRule{
		{Verbs: []string{"get", "create", "update"}, APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Namespaces: anything},
	}}
	// nodeUpkeep is how a node says that it is there.
	nodeUpkeep = flowcontrolv1.PolicyRulesWithSubjects{ResourceRules: []flowcontrolv1.ResourcePolicyRule{
		{Verbs: anything, APIGroups: []string{""}, Resources: []string{"nodes", "nodes/status"}, Namespaces: anything, ClusterScope: true},
		{Verbs: anything, APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Namespaces: anything},
	}}
)

func flowSchemas() []*flowcontrolv1.FlowSchema {
	manager, scheduler := user("system:kube-controller-manager"), user("system:kube-scheduler")
	nodes, accounts := group("system:nodes"), accounts()
	return []*flowcontrolv1.FlowSchema{
		{ObjectMeta: flowMeta(flowcontrolv1.FlowSchemaNameExempt), Spec: flowcontrol.ExemptSchema},
		flowSchema("probes", 2, "exempt", "", probes, group("system:unauthenticated"), group("system:authenticated")),
		flowSchema("system-leader-election", 100, "leader-election", perUser, elections, manager, scheduler, accounts),
		flowSchema("system-node-high", 400, "node-high", perUser, nodeUpkeep, nodes),
		flowSchema("system-nodes", 500, "system", perUser, all, nodes),
		flowSchema("kube-controller-manager", 800, "workload-high", perNamespace, all, manager),
		flowSchema("kube-scheduler", 800, "workload-high", perNamespace, all, scheduler),
		flowSchema("kube-system-service-accounts", 900, "workload-high", perNamespace, all, accounts),
		flowSchema("service-accounts", 9000, "workload-low", perUser, all, group("system:serviceaccounts")),
		flowSchema("global-default", 9900, "global-default", perUser, all, group("system:unauthenticated"), group("system:authenticated")),
		{ObjectMeta: flowMeta(flowcontrolv1.FlowSchemaNameCatchAll), Spec: flowcontrol.CatchAllSchema},
	}
}

func flowSchema(name string, precedence int32, level string, by flowcontrolv1.FlowDistinguisherMethodType, rules flowcontrolv1.PolicyRulesWithSubjects, subjects ...flowcontrolv1.Subject) *flowcontrolv1.FlowSchema {
	rules.Subjects = subjects
	s := &flowcontrolv1.FlowSchema{ObjectMeta: flowMeta(name), Spec: flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: level},
		MatchingPrecedence:         precedence,
		Rules:                      []flowcontrolv1.PolicyRulesWithSubjects{rules},
	}}
	if by != "" {
		s.Spec.DistinguisherMethod = &flowcontrolv1.FlowDistinguisherMethod{Type: by}
	}
	return s
}

func user(name string) flowcontrolv1.Subject {
	return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: name}}
}

func group(name string) flowcontrolv1.Subject {
	return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindGroup, Group: &flowcontrolv1.GroupSubject{Name: name}}
}

// accounts are all service accounts of the system.
func accounts() flowcontrolv1.Subject {
	return flowcontrolv1.Subject{
		Kind:           flowcontrolv1.SubjectKindServiceAccount,
		ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Namespace: metav1.NamespaceSystem, Name: flowcontrolv1.NameAll},
	}
}
