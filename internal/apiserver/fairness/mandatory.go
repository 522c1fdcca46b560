package fairness

import (
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// MandatoryLevels and MandatorySchemas are the objects that every cluster has.
// The server keeps to them while they are missing.
func MandatoryLevels() []*flowcontrolv1.PriorityLevelConfiguration {
	exempt := &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: mandatoryMeta(flowcontrolv1.PriorityLevelConfigurationNameExempt)}
	exempt.Spec.Type = flowcontrolv1.PriorityLevelEnablementExempt
	exempt.Spec.Exempt = &flowcontrolv1.ExemptPriorityLevelConfiguration{NominalConcurrencyShares: ptr.To[int32](0), LendablePercent: ptr.To[int32](0)}
	rest := &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: mandatoryMeta(flowcontrolv1.PriorityLevelConfigurationNameCatchAll)}
	rest.Spec.Type = flowcontrolv1.PriorityLevelEnablementLimited
	rest.Spec.Limited = &flowcontrolv1.LimitedPriorityLevelConfiguration{
		NominalConcurrencyShares: ptr.To[int32](5), LendablePercent: ptr.To[int32](0),
		LimitResponse: flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
	}
	return []*flowcontrolv1.PriorityLevelConfiguration{exempt, rest}
}

// MandatorySchemas see MandatoryLevels.
func MandatorySchemas() []*flowcontrolv1.FlowSchema {
	exempt := &flowcontrolv1.FlowSchema{ObjectMeta: mandatoryMeta(flowcontrolv1.FlowSchemaNameExempt), Spec: flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: flowcontrolv1.PriorityLevelConfigurationNameExempt},
		MatchingPrecedence:         1,
		Rules:                      []flowcontrolv1.PolicyRulesWithSubjects{Everything("system:masters")},
	}}
	rest := &flowcontrolv1.FlowSchema{ObjectMeta: mandatoryMeta(flowcontrolv1.FlowSchemaNameCatchAll), Spec: flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: flowcontrolv1.PriorityLevelConfigurationNameCatchAll},
		MatchingPrecedence:         10000,
		DistinguisherMethod:        &flowcontrolv1.FlowDistinguisherMethod{Type: flowcontrolv1.FlowDistinguisherMethodByUserType},
		Rules:                      []flowcontrolv1.PolicyRulesWithSubjects{Everything("system:unauthenticated", "system:authenticated")},
	}}
	return []*flowcontrolv1.FlowSchema{exempt, rest}
}

func mandatoryMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Annotations: map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "true"}}
}

// Everything matches all that members of the groups ask.
func Everything(groups ...string) flowcontrolv1.PolicyRulesWithSubjects {
	any := []string{wildcard}
	rules := flowcontrolv1.PolicyRulesWithSubjects{
		ResourceRules:    []flowcontrolv1.ResourcePolicyRule{{Verbs: any, APIGroups: any, Resources: any, Namespaces: any, ClusterScope: true}},
		NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: any, NonResourceURLs: any}},
	}
	for _, g := range groups {
		rules.Subjects = append(rules.Subjects, flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindGroup, Group: &flowcontrolv1.GroupSubject{Name: g}})
	}
	return rules
}
