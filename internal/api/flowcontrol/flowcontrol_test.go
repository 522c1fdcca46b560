package flowcontrol

import (
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func TestFlowSchema(t *testing.T) {
	schema := func(spec string) string {
		return "{metadata: {name: f}, spec: {priorityLevelConfiguration: {name: p}, " + spec + "}}"
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{`{metadata: {name: f}, spec: {matchingPrecedence: 10001}}`, []string{
			"spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000",
			"spec.priorityLevelConfiguration.name: Required value: must reference a priority level"}},
		{schema("matchingPrecedence: -1"), []string{"spec.matchingPrecedence: Invalid value: -1: must be a positive value"}},
		{schema("matchingPrecedence: 1"), []string{"spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"}},
		{schema("matchingPrecedence: 10000"), nil},
		{`{metadata: {name: "a:b"}, spec: {priorityLevelConfiguration: {name: A}}}`, []string{
			`metadata.name: Invalid value: "a:b": `, `spec.priorityLevelConfiguration.name: Invalid value: "A": `}},
		{schema(`rules: [{subjects: [{kind: ServiceAccount, serviceAccount: {name: "*", namespace: A}, user: {name: u}}, {kind: Group, user: {name: u}, serviceAccount: {name: s, namespace: ns}}, {kind: User, user: {}}, {kind: ServiceAccount}, {kind: ServiceAccount, serviceAccount: {namespace: ns}}], nonResourceRules: [{verbs: [get], nonResourceURLs: ["*"]}]}]`), []string{
			`spec.rules[0].subjects[0].serviceAccount.namespace: Invalid value: "A": `,
			"spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
			"spec.rules[0].subjects[1].group: Required value: group is required when subject kind is 'Group'",
			"spec.rules[0].subjects[1].serviceAccount: Forbidden: serviceAccount is forbidden when subject kind is not 'ServiceAccount'",
			"spec.rules[0].subjects[1].user: Forbidden: user is forbidden when subject kind is not 'User'",
			"spec.rules[0].subjects[2].user.name: Required value",
			"spec.rules[0].subjects[3].serviceAccount: Required value: serviceAccount is required when subject kind is 'ServiceAccount'",
			"spec.rules[0].subjects[4].serviceAccount.name: Required value"}},
		{schema(`rules: [{subjects: [{kind: User, user: {name: u}}], resourceRules: [{apiGroups: [""], resources: [pods], clusterScope: true}, {verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"]}]}]`), []string{
			"spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value"}},
		{schema(`rules: [{subjects: [{kind: User, user: {name: u}}], nonResourceRules: [{verbs: [fly], nonResourceURLs: ["*", /a]}, {nonResourceURLs: [/, "/*"]}]}]`), []string{
			`spec.rules[0].nonResourceRules[0].verbs: Unsupported value: ["fly"]: supported values: `,
			`spec.rules[0].nonResourceRules[0].nonResourceURLs: Invalid value: ["*","/a"]: if '*' is present, must not specify other non-resource URLs`,
			"spec.rules[0].nonResourceRules[1].verbs: Required value: verbs must contain at least one value"}},
		{schema("distinguisherMethod: {type: ByAge}"), []string{
			`spec.distinguisherMethod.type: Unsupported value: {"type":"ByAge"}: supported values: "ByNamespace", "ByUser"`}},
		{schema("rules: [{}]"), []string{
			"spec.rules[0].subjects: Required value: subjects must contain at least one value",
			"spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty"}},
		{schema("rules: [{subjects: [{kind: Robot}, {kind: User, group: {name: g}}, {kind: ServiceAccount, serviceAccount: {name: A}}, {kind: Group, group: {}}], nonResourceRules: [{verbs: [get], nonResourceURLs: [/]}]}]"), []string{
			`spec.rules[0].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"`,
			"spec.rules[0].subjects[1].user: Required value: user is required when subject kind is 'User'",
			"spec.rules[0].subjects[1].group: Forbidden: group is forbidden when subject kind is not 'Group'",
			`spec.rules[0].subjects[2].serviceAccount.name: Invalid value: "A": `,
			"spec.rules[0].subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account",
			"spec.rules[0].subjects[3].group.name: Required value"}},
		{schema(`rules: [{subjects: [{kind: User, user: {name: u}}], resourceRules: [{verbs: [get, eat]}, {verbs: ["*", get], apiGroups: ["*", a], resources: ["*", b], namespaces: ["*", ns]}, {verbs: [get], apiGroups: [""], resources: [pods], namespaces: [A]}]}]`), []string{
			`spec.rules[0].resourceRules[0].verbs: Unsupported value: ["get","eat"]: supported values: "create", "delete", "deletecollection", "get"`,
			"spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group",
			"spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource",
			"spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace",
			`spec.rules[0].resourceRules[1].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
			`spec.rules[0].resourceRules[1].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other api groups`,
			`spec.rules[0].resourceRules[1].resources: Invalid value: ["*","b"]: if '*' is present, must not specify other resources`,
			`spec.rules[0].resourceRules[1].namespaces: Invalid value: ["*","ns"]: if '*' is present, must not specify other namespaces`,
			`spec.rules[0].resourceRules[2].namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; `}},
		{schema(`rules: [{subjects: [{kind: User, user: {name: u}}], nonResourceRules: [{verbs: [get]}, {verbs: [get], nonResourceURLs: ["", x, "/a b", /a//b, "/a*", "/a/*"]}]}]`), []string{
			"spec.rules[0].nonResourceRules[0].nonResourceURLs: Required value: nonResourceURLs must contain at least one value",
			`spec.rules[0].nonResourceRules[1].nonResourceURLs[0]: Invalid value: "": must not be empty`,
			`spec.rules[0].nonResourceRules[1].nonResourceURLs[1]: Invalid value: "x": must start with slash`,
			`spec.rules[0].nonResourceRules[1].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space`,
			`spec.rules[0].nonResourceRules[1].nonResourceURLs[3]: Invalid value: "/a//b": must not contain double slash`,
			`spec.rules[0].nonResourceRules[1].nonResourceURLs[4]: Invalid value: "/a*": wildcard can only do suffix matching`}},
	} {
		t.Run(c.text[:min(90, len(c.text))], func(t *testing.T) { apitest.Refused(t, FlowSchema, c.text, c.want...) })
	}
	apitest.PartUpdated(t, FlowSchema, "status", schema(""), `{status: {conditions: [{type: ""}, {type: A}, {type: A}]}}`,
		"status.conditions[0].type: Required value: must not be empty", `status.conditions[2].type: Duplicate value: "A"`)
	apitest.Described(t, FlowSchema, "Name string, PriorityLevel string, MatchingPrecedence string, DistinguisherMethod string, Age string, MissingPL string")
	apitest.Row(t, FlowSchema, `{metadata: {name: f}, spec: {matchingPrecedence: 5, priorityLevelConfiguration: {name: p}, distinguisherMethod: {type: ByUser}}, status: {conditions: [{type: Dangling, status: "False"}]}}`,
		"f | p | 5 | ByUser | <unknown> | False")
}

func TestPriorityLevelDefaults(t *testing.T) {
	for spec, want := range map[string]string{
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {}}}":                  "type: Limited, limited: {nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: {type: Queue, queuing: {queues: 64, handSize: 8, queueLengthLimit: 50}}}",
		"type: Limited, limited: {nominalConcurrencyShares: 0, limitResponse: {type: Reject}}": "type: Limited, limited: {nominalConcurrencyShares: 0, lendablePercent: 0, limitResponse: {type: Reject}}",
		"type: Exempt, exempt: {}": "type: Exempt, exempt: {nominalConcurrencyShares: 0, lendablePercent: 0}",
	} {
		apitest.Same(t, apitest.Created(t, PriorityLevelConfiguration, "{metadata: {name: p}, spec: {"+spec+"}}"), "{metadata: {name: p}, spec: {"+want+"}, status: {}}")
	}
}

func TestPriorityLevelConfiguration(t *testing.T) {
	const (
		onlyExempt = `spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`
		queuing    = "spec.limited.limitResponse.queuing"
	)
	for spec, want := range map[string][]string{
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {}}}":                                     nil,
		"type: Limited, limited: {lendablePercent: 100, borrowingLimitPercent: 0, limitResponse: {type: Reject}}": nil,
		"type: Exempt, limited: {limitResponse: {type: Reject}}":                                                  {onlyExempt, "spec.limited: Forbidden"},
		"type: Exempt, exempt: {nominalConcurrencyShares: -1, lendablePercent: -1}": {
			onlyExempt, "spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
			"spec.exempt.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive"},
		"type: Some": {`spec.type: Unsupported value: "Some": supported values: "Exempt", "Limited"`},
		"type: Some, exempt: {}, limited: {limitResponse: {}}": {`spec.type: Unsupported value: "Some"`,
			"spec.exempt: Forbidden", "spec.limited: Forbidden", "spec.limited.limitResponse.type: Required value"},
		"{}":            {"spec.type: Required value"},
		"type: Limited": {"spec.limited: Required value"},
		"type: Limited, exempt: {}, limited: {nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1, limitResponse: {type: Queue, queuing: {queues: -1}}}": {
			"spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
			queuing + ".queues: Invalid value: -1: must be positive",
			queuing + ".handSize: Invalid value: 8: should not be greater than queues (-1)",
			"spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
			"spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
			"spec.exempt: Forbidden"},
		"type: Limited, limited: {limitResponse: {}}":                          {"spec.limited.limitResponse.type: Required value"},
		"type: Limited, limited: {limitResponse: {type: Wait}}":                {`spec.limited.limitResponse.type: Unsupported value: "Wait": supported values: "Queue", "Reject"`},
		"type: Limited, limited: {limitResponse: {type: Queue}}":               {queuing + ": Required value"},
		"type: Limited, limited: {limitResponse: {type: Reject, queuing: {}}}": {queuing + ": Forbidden"},
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 2, handSize: 3, queueLengthLimit: -1}}}": {
			queuing + ".queueLengthLimit: Invalid value: -1: must be positive",
			queuing + ".handSize: Invalid value: 3: should not be greater than queues (2)"},
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 10000001, handSize: -1}}}": {
			queuing + ".queues: Invalid value: 10000001: must not be greater than 10000000",
			queuing + ".handSize: Invalid value: -1: must be positive"},
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 10000000, handSize: 2}}}": nil,
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 1024, handSize: 6}}}":     nil,
		"type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 1024, handSize: 7}}}": {
			queuing + ".handSize: Invalid value: 7: required entropy bits of deckSize 1024 and handSize 7 should not be greater than 60"},
	} {
		t.Run(spec, func(t *testing.T) {
			if spec == "{}" {
				spec = ""
			}
			apitest.Refused(t, PriorityLevelConfiguration, "{metadata: {name: p}, spec: {"+spec+"}}", want...)
		})
	}
	apitest.Refused(t, PriorityLevelConfiguration, `{metadata: {name: A, annotations: {flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares: ""}}, spec: {}}`,
		`metadata.name: Invalid value: "A"`, "metadata.annotations: Forbidden: annotation 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares' is forbidden", "spec.type: Required value")
	apitest.PartUpdated(t, PriorityLevelConfiguration, "status", "{metadata: {name: p}}", `{status: {conditions: [{type: ""}, {type: A}, {type: A}]}}`,
		"status.conditions[0].type: Required value: must not be empty", `status.conditions[2].type: Duplicate value: "A"`)
}

func TestStatusIsAllThatIsWritten(t *testing.T) {
	const sent = "{metadata: {labels: {a: b}}, status: {conditions: [{type: A}]}}"
	for _, kind := range []*api.Resource{FlowSchema, PriorityLevelConfiguration} {
		o := apitest.PartUpdated(t, kind, "status", "{metadata: {name: x}}", sent)
		if o.GetLabels() != nil {
			t.Errorf("a write of the status of a %s wrote labels", kind.Kind)
		}
	}
	apitest.Refused(t, FlowSchema, "{metadata: {name: f}, spec: {priorityLevelConfiguration: {name: p}}, status: {conditions: [{}]}}")
	bad := apitest.Parse(t, FlowSchema, "{metadata: {name: f}, spec: {matchingPrecedence: 5, priorityLevelConfiguration: {name: p}}, status: {conditions: [{}]}}")
	apitest.Errors(t, FlowSchema.Validate(bad), "status.conditions[0].type: Required value: must not be empty")
	bad = apitest.Parse(t, PriorityLevelConfiguration, "{metadata: {name: p}, spec: {type: Limited, limited: {limitResponse: {type: Reject}}}, status: {conditions: [{}]}}")
	apitest.Errors(t, PriorityLevelConfiguration.Validate(bad), "status.conditions[0].type: Required value: must not be empty")
}

func TestPriorityLevelRow(t *testing.T) {
	apitest.Described(t, PriorityLevelConfiguration, "Name string, Type string, NominalConcurrencyShares string, Queues string, HandSize string, QueueLengthLimit string, Age string")
	for spec, want := range map[string]string{
		"type: Exempt": "Exempt | <none> | <none> | <none> | <none>",
		"type: Limited, limited: {nominalConcurrencyShares: 5, limitResponse: {type: Reject}}":                                                         "Limited | 5 | <none> | <none> | <none>",
		"type: Limited, limited: {nominalConcurrencyShares: 5, limitResponse: {type: Queue, queuing: {queues: 9, handSize: 3, queueLengthLimit: 50}}}": "Limited | 5 | 9 | 3 | 50",
	} {
		apitest.Row(t, PriorityLevelConfiguration, "{metadata: {name: p}, spec: {"+spec+"}}", "p | "+want+" | <unknown>")
	}
}
