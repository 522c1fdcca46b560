package apps

import (
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

const workloadSpec = `selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "i:1"}]}}`

// object is a workload with spec, which may be several fields.
func object(spec string) string { return `{metadata: {name: d, namespace: ns}, spec: {` + spec + `}}` }

const noMatch = "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"

// What Kubernetes says of selectors and templates that are wrong, which differs
// from one workload to the next.
func TestPodsOfWorkloads(t *testing.T) {
	const (
		malformed = `{"matchExpressions":[{"key":"a","operator":"Has"}]}`
		operator  = `spec.selector.matchExpressions[0].operator: Invalid value: "Has": not a valid selector operator`
		nothing   = "spec.selector: Invalid value: {}: empty selector is invalid for "
		container = "spec.template.spec.containers: Required value"
		restart   = `spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`
	)
	deadline := func(kind string) string {
		return "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in " + kind + " is not Supported"
	}
	for _, c := range []struct {
		selector, pods             string
		replicas, stateful, daemon []string
	}{
		{"null", `{containers: [{name: c, image: "i:1"}]}`,
			[]string{"spec.selector: Required value", noMatch}, []string{"spec.selector: Required value", noMatch}, []string{noMatch}},
		{"{}", `{containers: [{name: c, image: "i:1"}]}`, []string{nothing + "deployment"}, []string{nothing + "statefulset"}, []string{nothing + "daemonset"}},
		{"{matchLabels: {a: c}}", "{}", []string{noMatch, container}, []string{noMatch, container}, []string{noMatch, container}},
		{"{matchLabels: {a: b}}", `{restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: c, image: "i:1"}]}`,
			[]string{restart, deadline("ReplicaSet")}, []string{restart, deadline("StatefulSet")}, []string{restart, deadline("DaemonSet")}},
		{malformed, `{restartPolicy: Never, activeDeadlineSeconds: 5}`,
			[]string{operator, "spec.selector: Invalid value: " + malformed + ": invalid label selector"},
			[]string{operator, "spec.selector: Invalid value: " + malformed, restart, deadline("StatefulSet")},
			[]string{operator, container, restart, deadline("DaemonSet")}},
	} {
		text := object(`selector: ` + c.selector + `, template: {metadata: {labels: {a: b}}, spec: ` + c.pods + `}`)
		apitest.Refused(t, Deployment, text, c.replicas...)
		apitest.Refused(t, ReplicaSet, text, c.replicas...)
		apitest.Refused(t, StatefulSet, text, c.stateful...)
		apitest.Refused(t, DaemonSet, text, c.daemon...)
	}
}

func TestDeploymentRules(t *testing.T) {
	for spec, want := range map[string][]string{
		`replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1, strategy: {type: Blue}`: {
			"spec.replicas: Invalid value: -1: must be greater than or equal to 0",
			`spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate", "RollingUpdate"`,
			"spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
			"spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
			"spec.progressDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
			"spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds",
		},
		`progressDeadlineSeconds: 5, minReadySeconds: 4`:                    nil,
		`progressDeadlineSeconds: 5, minReadySeconds: 5`:                    {"spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"},
		`strategy: {type: Recreate}`:                                        nil,
		`strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}`:          {"spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"},
		`strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1%}}`:      nil,
		`strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0}}`:      {"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"},
		`strategy: {rollingUpdate: {maxSurge: 101%, maxUnavailable: 101%}}`: {`spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%`},
		`strategy: {rollingUpdate: {maxSurge: "5", maxUnavailable: -1}}`: {
			"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
			`spec.strategy.rollingUpdate.maxSurge: Invalid value: "5": a valid percent string must be a numeric string followed by an ending '%'`},
		`strategy: {rollingUpdate: {maxSurge: some, maxUnavailable: few%}}`: {
			`spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "few%": a valid percent`,
			`spec.strategy.rollingUpdate.maxSurge: Invalid value: "some": a valid percent`,
			"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"few%\": may not be 0 when `maxSurge` is 0"},
	} {
		apitest.Refused(t, Deployment, object(spec+`, `+workloadSpec), want...)
	}
}

func TestReplicaSetRules(t *testing.T) {
	apitest.Refused(t, ReplicaSet, object(`replicas: -1, minReadySeconds: -1, selector: {matchLabels: {a: c}}, `+template),
		"spec.replicas: Invalid value: -1: must be greater than or equal to 0", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0", noMatch)
	apitest.Updated(t, ReplicaSet, object(workloadSpec), object(`selector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: Exists}]}, `+template),
		`spec.selector: Invalid value: {"matchLabels":{"a":"b"},"matchExpressions":[{"key":"a","operator":"Exists"}]}: field is immutable`)
}

func TestDaemonSetRules(t *testing.T) {
	for spec, want := range map[string][]string{
		`minReadySeconds: -1, revisionHistoryLimit: -1, updateStrategy: {type: Blue}`: {
			"spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
			`spec.updateStrategy: Unsupported value: {"type":"Blue"}: supported values: "RollingUpdate", "OnDelete"`,
			"spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
		},
		`updateStrategy: {type: OnDelete}`:                                    nil,
		`updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 10%}}`: nil,
		`updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 0%}}`:  {"spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"},
		`updateStrategy: {rollingUpdate: {maxUnavailable: 1, maxSurge: 1}}`:   {"spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"},
		`updateStrategy: {rollingUpdate: {maxUnavailable: -1, maxSurge: few}}`: {
			"spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
			`spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "few": a valid percent`},
		`updateStrategy: {rollingUpdate: {maxUnavailable: 101%, maxSurge: 102%}}`: {
			`spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%`,
			`spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "102%": must not be greater than 100%`,
			`spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "102%": may not be set when maxUnavailable is non-zero`},
	} {
		apitest.Refused(t, DaemonSet, object(spec+`, `+workloadSpec), want...)
	}
	apitest.Updated(t, DaemonSet, object(workloadSpec), object(`selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c, image: "i:1"}]}}`),
		`spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable`)
}

func TestStatefulSetRules(t *testing.T) {
	for spec, want := range map[string][]string{
		`podManagementPolicy: Some, updateStrategy: {type: Recreate}, persistentVolumeClaimRetentionPolicy: {whenDeleted: Burn, whenScaled: Keep},
			volumeClaimTemplates: [{metadata: {name: v}}], replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, ordinals: {start: -1}, serviceName: a.b`: {
			`spec.podManagementPolicy: Invalid value: "Some": must be 'OrderedReady' or 'Parallel'`,
			`spec.updateStrategy: Invalid value: {"type":"Recreate"}: must be 'RollingUpdate' or 'OnDelete'`,
			`spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Burn": supported values: "Retain", "Delete"`,
			`spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"`,
			"spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
			"spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
			"spec.replicas: Invalid value: -1: must be greater than or equal to 0",
			"spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
			"spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0",
			`spec.serviceName: Invalid value: "a.b": must not contain dots`,
		},
		`updateStrategy: {type: OnDelete}`:                    nil,
		`updateStrategy: {type: OnDelete, rollingUpdate: {}}`: {"spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'"},
		`updateStrategy: {rollingUpdate: {partition: -1, maxUnavailable: 0}}`: {
			"spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
			"spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"},
		`updateStrategy: {rollingUpdate: {maxUnavailable: 101%}}`: {`spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%`},
		`updateStrategy: {rollingUpdate: {maxUnavailable: few}}`: {
			`spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "few": a valid percent`,
			`spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "few": cannot be 0`},
	} {
		apitest.Refused(t, StatefulSet, object(spec+`, `+workloadSpec), want...)
	}
	apitest.Refused(t, StatefulSet, `{metadata: {name: a.b, namespace: ns}, spec: {`+workloadSpec+`}}`, `metadata.name: Invalid value: "a.b": must not contain dots`)
	blank := apitest.Parse(t, StatefulSet, object(workloadSpec))
	apitest.Errors(t, StatefulSet.Validate(blank), "spec.podManagementPolicy: Required value", "spec.updateStrategy: Required value",
		"spec.template.spec.containers[0].terminationMessagePolicy: Required value", "spec.template.spec.containers[0].imagePullPolicy: Required value",
		"spec.template.spec.restartPolicy: Required value", "spec.template.spec.dnsPolicy: Required value",
		`spec.template.spec.restartPolicy: Unsupported value: "": supported values: "Always"`)
}

// Rules that came late do not bind what was stored before them.
func TestStatefulSetUpdate(t *testing.T) {
	const broken = `selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}`
	for _, c := range []struct {
		old, spec string
		want      []string
	}{
		{workloadSpec, `replicas: 5, ordinals: {start: 1}, updateStrategy: {type: OnDelete}, revisionHistoryLimit: 1, minReadySeconds: 1,
			persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: x, image: y}]}}`, nil},
		{workloadSpec, `podManagementPolicy: Parallel, replicas: -1, ` + workloadSpec, []string{
			"spec.replicas: Invalid value: -1: must be greater than or equal to 0",
			"spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
				"'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"}},
		{`serviceName: a.b, volumeClaimTemplates: [{metadata: {name: v}}], ` + workloadSpec, `serviceName: a.b, volumeClaimTemplates: [{metadata: {name: v}}], replicas: 2, ` + workloadSpec, nil},
		{broken, `replicas: 2, ` + broken, nil},
		{workloadSpec, broken, []string{"spec.template.spec.containers: Required value"}},
	} {
		apitest.Updated(t, StatefulSet, object(c.old), object(c.spec), c.want...)
	}
	apitest.Updated(t, StatefulSet, `{metadata: {name: a.b, namespace: ns}, spec: {`+workloadSpec+`}}`, `{metadata: {name: a.b, namespace: ns}, spec: {`+workloadSpec+`}}`)
}

func TestControllerRevisionRules(t *testing.T) {
	const name = `metadata: {name: r, namespace: ns}`
	for text, want := range map[string][]string{
		`{` + name + `, data: {}}`:     nil,
		`{` + name + `, revision: -1}`: {"revision: Invalid value: -1: must be greater than or equal to 0", "data: Required value: data is mandatory"},
		`{` + name + `, data: null}`:   {"data: Required value: data is mandatory"},
		`{` + name + `, data: [1]}`:    {"data: Required value: data must be a valid JSON object"},
	} {
		apitest.Refused(t, ControllerRevision, text, want...)
	}
	apitest.Updated(t, ControllerRevision, `{`+name+`, data: [1]}`, `{`+name+`, data: [1], revision: 2}`)
	apitest.Updated(t, ControllerRevision, `{`+name+`, data: {}}`, `{`+name+`, data: {a: b}, revision: -1}`,
		"revision: Invalid value: -1: must be greater than or equal to 0", "data: Invalid value: {\"a\":\"b\"}: field is immutable")
}

func TestWorkloadWarnings(t *testing.T) {
	dotted := `{metadata: {name: a.b, namespace: ns}, spec: {` + workloadSpec + `}}`
	for _, r := range []*api.Resource{Deployment, ReplicaSet} {
		apitest.Warned(t, r, object(workloadSpec))
		apitest.Warned(t, r, dotted, "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]")
		apitest.UpdateWarned(t, r, dotted, dotted)
	}
	const history = "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
	for limit, want := range map[string][]string{"0": nil, "-1": {history}} {
		spec := object(`revisionHistoryLimit: ` + limit + `, ` + workloadSpec)
		apitest.Warned(t, StatefulSet, spec, want...)
		apitest.UpdateWarned(t, StatefulSet, spec, spec, want...)
	}
}

// What is remarked about the pods of a workload: of a new one, and of a change.
func TestTemplateWarnings(t *testing.T) {
	const want = `spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead`
	for _, r := range []*api.Resource{Deployment, ReplicaSet, DaemonSet, StatefulSet} {
		object := func(more string) string {
			return `{metadata: {name: a, namespace: ns}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {` + more + `containers: [{name: c, image: "i:1"}]}}}}`
		}
		fine, old := object(""), object(`nodeSelector: {beta.kubernetes.io/os: linux}, `)
		apitest.Warned(t, r, fine)
		apitest.Warned(t, r, old, want)
		apitest.UpdateWarned(t, r, fine, old, want)
		apitest.UpdateWarned(t, r, old, old)
	}
}
