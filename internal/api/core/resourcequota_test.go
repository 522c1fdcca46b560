package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func quotaOf(spec string) string { return `{metadata: {name: q, namespace: ns}, spec: {` + spec + `}}` }

func TestResourceQuota(t *testing.T) {
	apitest.Same(t, apitest.Created(t, ResourceQuota, `{metadata: {name: q}, spec: {hard: {cpu: 1u}}, status: {hard: {cpu: 1}}}`),
		`{metadata: {name: q}, spec: {hard: {cpu: 1m}}, status: {}}`)
	apitest.Row(t, ResourceQuota, `{metadata: {name: q}, status: {hard: {pods: 4, limits.cpu: 2, cpu: 3, limits.memory: 1Gi}, used: {pods: 1, limits.cpu: 1}}}`,
		"q | cpu: 0/3, pods: 1/4 | limits.cpu: 1/2, limits.memory: 0/1Gi | <unknown>")
}

func TestResourceQuotaRules(t *testing.T) {
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good": {`hard: {pods: 1, cpu: 500m, count/deployments.apps: 1, requests.example.com/gpu: 2, hugepages-2Mi: 2Mi, requests.hugepages-2Mi: 2Mi, gold.storageclass.storage.k8s.io/requests.storage: 1}`, nil},
		"amounts": {`hard: {bananas: 1, pods: "-1", services: 500m, "a b": 1}`, []string{
			`spec.hard[a b]: Invalid value: "a b": name part must consist of`, `spec.hard[a b]: Invalid value: "a b": must be a standard resource for quota`,
			`spec.hard[bananas]: Invalid value: "bananas": must be a standard resource type or fully qualified`,
			`spec.hard[bananas]: Invalid value: "bananas": must be a standard resource for quota`,
			`spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0`,
			`spec.hard[services]: Invalid value: "500m": must be an integer`}},
		"storage":          {`hard: {storage: 1}`, []string{`spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota`}},
		"scopes":           {`hard: {pods: 1, cpu: 1, memory: 1, limits.cpu: 1, limits.memory: 1, requests.cpu: 1, requests.memory: 1, requests.a.b/c: 1}, scopes: [Terminating, NotBestEffort, PriorityClass, CrossNamespacePodAffinity]`, nil},
		"scopes of claims": {`hard: {persistentvolumeclaims: 1, requests.storage: 1, count/pods: 1}, scopes: [VolumeAttributesClass]`, nil},
		"unknown scope":    {`hard: {memory: 1}, scopes: [Odd]`, []string{`spec.scopes: Invalid value: ["Odd"]: unsupported scope`}},
		"scopes apart": {`hard: {pods: 1}, scopes: [BestEffort, NotBestEffort, NotTerminating, Terminating]`, []string{
			`spec.scopes: Invalid value: ["BestEffort","NotBestEffort","NotTerminating","Terminating"]: conflicting scopes`,
			`spec.scopes: Invalid value: ["BestEffort","NotBestEffort","NotTerminating","Terminating"]: conflicting scopes`}},
		"what they do not know": {`hard: {cpu: 1, memory: 1, persistentvolumeclaims: 1, pods: 1}, scopes: [BestEffort, VolumeAttributesClass]`, []string{
			`spec.scopes: Invalid value: ["BestEffort","VolumeAttributesClass"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["BestEffort","VolumeAttributesClass"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["BestEffort","VolumeAttributesClass"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["BestEffort","VolumeAttributesClass"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["BestEffort","VolumeAttributesClass"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["BestEffort","VolumeAttributesClass"]: unsupported scope applied to resource`}},
		"what none knows": {`hard: {ephemeral-storage: 1, hugepages-2Mi: 1, services: 1}, scopes: [NotTerminating]`, []string{
			`spec.scopes: Invalid value: ["NotTerminating"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["NotTerminating"]: unsupported scope applied to resource`,
			`spec.scopes: Invalid value: ["NotTerminating"]: unsupported scope applied to resource`}},
	} {
		t.Run(name, func(t *testing.T) { apitest.Refused(t, ResourceQuota, quotaOf(tt.spec), tt.want...) })
	}
}

func TestScopeSelectors(t *testing.T) {
	const at = "spec.scopeSelector.matchExpressions"
	for name, tt := range map[string]struct {
		hard, expressions string
		want              []string
	}{
		"good": {"pods", `{scopeName: PriorityClass, operator: In, values: [a]}, {scopeName: VolumeAttributesClass, operator: DoesNotExist}`, []string{
			at + `: Invalid value: {"MatchExpressions":[{"ScopeName":"PriorityClass","Operator":"In","Values":["a"]},{"ScopeName":"VolumeAttributesClass","Operator":"DoesNotExist","Values":null}]}: unsupported scope applied to resource`}},
		"exists":  {"pods", `{scopeName: BestEffort, operator: Exists}, {scopeName: PriorityClass, operator: NotIn, values: [a]}`, nil},
		"unknown": {"pods", `{scopeName: Odd, operator: Exists}`, []string{at + `.scopeName: Invalid value: "Odd": unsupported scope`}},
		"operators": {"pods", `{scopeName: Terminating, operator: In, values: [a]}, {scopeName: PriorityClass, operator: Like}, {scopeName: CrossNamespacePodAffinity, operator: DoesNotExist}`, []string{
			at + `.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating`,
			at + `.operator: Invalid value: "Like": not a valid selector operator`,
			at + `.operator: Invalid value: "DoesNotExist": must be 'Exists' when scope is any of`}},
		"values": {"pods", `{scopeName: PriorityClass, operator: NotIn}, {scopeName: PriorityClass, operator: Exists, values: [a]}`, []string{
			at + ".values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
			at + ".values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"}},
		"apart": {"pods", `{scopeName: BestEffort, operator: Exists}, {scopeName: NotBestEffort, operator: Exists}`, []string{at + `: Invalid value: null: conflicting scopes`}},
		"what it does not know": {"memory", `{scopeName: BestEffort, operator: Exists}`, []string{
			at + `: Invalid value: {"MatchExpressions":[{"ScopeName":"BestEffort","Operator":"Exists","Values":null}]}: unsupported scope applied to resource`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, ResourceQuota, quotaOf(`hard: {`+tt.hard+`: 1}, scopeSelector: {matchExpressions: [`+tt.expressions+`]}`), tt.want...)
		})
	}
}

func TestResourceQuotaUpdate(t *testing.T) {
	const was = `hard: {pods: 1}, scopes: [Terminating, BestEffort]`
	apitest.Updated(t, ResourceQuota, quotaOf(was), quotaOf(`hard: {pods: 2}, scopes: [BestEffort, Terminating, BestEffort]`))
	apitest.Updated(t, ResourceQuota, quotaOf(was), quotaOf(`hard: {pods: 1}, scopes: [Terminating, PriorityClass]`),
		`spec.scopes: Invalid value: ["Terminating","PriorityClass"]: field is immutable`)
	apitest.Updated(t, ResourceQuota, quotaOf(was), quotaOf(`hard: {pods: 1}`), `spec.scopes: Invalid value: null: field is immutable`)
	apitest.PartUpdated(t, ResourceQuota, "status", quotaOf(was), `{metadata: {name: q, namespace: ns}, status: {hard: {apples: 1}, used: {pods: "-1"}}}`,
		`status.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
		`status.hard[apples]: Invalid value: "apples": must be a standard resource for quota`,
		`status.used[pods]: Invalid value: "-1": must be greater than or equal to 0`)
}
