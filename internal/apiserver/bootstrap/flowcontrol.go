package bootstrap

import (
	"context"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/flowcontrol"
)

// flowControl writes the priority levels and flow schemas that every cluster
// has. What users made of the suggested ones stays.
func (b *bootstrapper) flowControl(ctx context.Context) error {
	api := b.kube.FlowcontrolV1()
	return together(ctx,
		func(ctx context.Context) error {
			return reconcile(ctx, b, api.PriorityLevelConfigurations(), priorityLevels(), keep)
		},
		func(ctx context.Context) error { return reconcile(ctx, b, api.FlowSchemas(), flowSchemas(), keep) },
	)
}

// autoUpdate marks what is the system's own, as users look for it.
var autoUpdate = map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "true"}

func flowMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Annotations: autoUpdate}
}

// priorityLevels: exempt and catch-all must be, the others are Kubernetes'
// suggestion.
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
	anything  = []string{"*"}
	writeOnes = []string{"get", "create", "update"} // what a lock's holder does

	// all is every request.
	all = flowcontrolv1.PolicyRulesWithSubjects{
		ResourceRules:    []flowcontrolv1.ResourcePolicyRule{{Verbs: anything, APIGroups: anything, Resources: anything, Namespaces: anything, ClusterScope: true}},
		NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: anything, NonResourceURLs: anything}},
	}
	probes = flowcontrolv1.PolicyRulesWithSubjects{
		NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/healthz", "/readyz", "/livez"}}},
	}
	leases    = rulesOf(writeOnes, "coordination.k8s.io", "leases")
	endpoints = rulesOf(writeOnes, "", "endpoints")
	// nodeUpkeep is how a node says that it is there.
	nodeUpkeep = flowcontrolv1.PolicyRulesWithSubjects{ResourceRules: []flowcontrolv1.ResourcePolicyRule{
		{Verbs: anything, APIGroups: []string{""}, Resources: []string{"nodes", "nodes/status"}, Namespaces: anything, ClusterScope: true},
		{Verbs: anything, APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Namespaces: anything},
	}}
)

func rulesOf(verbs []string, group, resource string) flowcontrolv1.PolicyRulesWithSubjects {
	return flowcontrolv1.PolicyRulesWithSubjects{ResourceRules: []flowcontrolv1.ResourcePolicyRule{
		{Verbs: verbs, APIGroups: []string{group}, Resources: []string{resource}, Namespaces: anything},
	}}
}

func flowSchemas() []*flowcontrolv1.FlowSchema {
	manager, scheduler := user("system:kube-controller-manager"), user("system:kube-scheduler")
	nodes, accounts := group("system:nodes"), account("*")
	return []*flowcontrolv1.FlowSchema{
		{ObjectMeta: flowMeta(flowcontrolv1.FlowSchemaNameExempt), Spec: flowcontrol.ExemptSchema},
		flowSchema("probes", 2, "exempt", "", probes, group("system:unauthenticated"), group("system:authenticated")),
		flowSchema("system-leader-election", 100, "leader-election", perUser, leases, manager, scheduler, accounts),
		flowSchema("endpoint-controller", 150, "workload-high", perUser, endpoints, manager, account("endpoint-controller"), account("endpointslicemirroring-controller")),
		flowSchema("workload-leader-election", 200, "leader-election", perUser, leases, accounts),
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

// account is a service account of the system; "*" is each.
func account(name string) flowcontrolv1.Subject {
	return flowcontrolv1.Subject{
		Kind:           flowcontrolv1.SubjectKindServiceAccount,
		ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Namespace: metav1.NamespaceSystem, Name: name},
	}
}
