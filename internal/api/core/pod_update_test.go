package core

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

const podChange = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
	"`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"

func TestPodUpdateRules(t *testing.T) {
	const c = `containers: [{name: a, image: i}]`
	const tolerations = "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
	for name, tt := range map[string]struct {
		old, pod string
		want     []string
	}{
		"images":                {`initContainers: [{name: i, image: "i:1"}], ` + c, `initContainers: [{name: i, image: "i:2", imagePullPolicy: IfNotPresent}], containers: [{name: a, image: j}]`, nil},
		"an image that is none": {c, `containers: [{name: a, image: " j", imagePullPolicy: Always}]`, []string{`spec.containers[0].image: Invalid value: " j": must not have leading or trailing whitespace`}},
		"containers":            {c, `containers: [{name: a, image: i}, {name: b, image: i}]`, []string{"spec.containers: Forbidden: pod updates may not add or remove containers"}},
		"init containers":       {`initContainers: [{name: i, image: i}], ` + c, c, []string{"spec.initContainers: Forbidden: pod updates may not add or remove containers"}},
		"a first deadline":      {c, c + `, activeDeadlineSeconds: 5`, nil},
		"a sooner deadline":     {c + `, activeDeadlineSeconds: 5`, c + `, activeDeadlineSeconds: 5`, nil},
		"a later deadline, and nothing is told beside": {c + `, activeDeadlineSeconds: 5`, c + `, activeDeadlineSeconds: 6, nodeName: n1`, []string{
			"spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value",
		}},
		"a negative deadline": {c, c + `, activeDeadlineSeconds: -1, nodeName: n1`, []string{
			"spec.activeDeadlineSeconds: Invalid value: -1: must be between 1 and 2147483647, inclusive",
			"spec.activeDeadlineSeconds: Invalid value: -1: must be between 0 and 2147483647, inclusive",
		}},
		"no deadline any more": {c + `, activeDeadlineSeconds: 5`, c + `, nodeName: n1`, []string{
			"spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value", podChange,
		}},
		"tolerations": {c + `, tolerations: [{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 1}]`,
			c + `, tolerations: [{key: l, operator: Exists}, {key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 9}]`, nil},
		"one toleration less":               {c + `, tolerations: [{key: k, operator: Exists}]`, c, []string{tolerations}},
		"another toleration":                {c + `, tolerations: [{key: k, operator: Exists}, {key: l, operator: Exists}]`, c + `, tolerations: [{key: k, operator: Exists}, {key: l, value: x}]`, []string{tolerations}},
		"a gate less":                       {c + `, schedulingGates: [{name: g}, {name: h}]`, c + `, schedulingGates: [{name: h}]`, nil},
		"a gate more":                       {c + `, schedulingGates: [{name: g}]`, c + `, schedulingGates: [{name: g}, {name: h}]`, []string{"spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'"}},
		"how long it ends":                  {c, c + `, terminationGracePeriodSeconds: 1`, []string{podChange}},
		"less than no time":                 {c + `, terminationGracePeriodSeconds: -1`, c + `, terminationGracePeriodSeconds: 1`, nil},
		"less, and then more":               {c + `, terminationGracePeriodSeconds: -1`, c + `, terminationGracePeriodSeconds: 2`, []string{podChange}},
		"its node":                          {c, c + `, nodeName: n1`, []string{podChange}},
		"its resources":                     {c, `containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]`, []string{podChange}},
		"resources of the whole":            {c, c + `, resources: {requests: {cpu: 1}}`, []string{podChange}},
		"selector of one that is not gated": {c, c + `, nodeSelector: {a: b}`, []string{podChange}},
		"affinity of one that is not gated": {c, c + `, affinity: {nodeAffinity: {}}`, []string{podChange}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := func(spec string) string { return `{metadata: {name: p, namespace: ns}, spec: {` + spec + `}}` }
			apitest.Updated(t, Pod, pod(tt.old), pod(tt.pod), tt.want...)
		})
	}
}

// While a pod is held back, more may be said of where it goes.
func TestGatedPodUpdate(t *testing.T) {
	const at = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
	required := func(terms string) string {
		return `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [` + terms + `]}}}`
	}
	const a, b = `{key: a, operator: Exists}`, `{key: b, operator: Exists}`
	const f, g = `{key: metadata.name, operator: In, values: [n1]}`, `{key: metadata.name, operator: NotIn, values: [n2]}`
	ofA, ofB := `{matchExpressions: [`+a+`]}`, `{matchExpressions: [`+b+`]}`
	const additions = ": only additions are allowed (no mutations or deletions)"
	const apart = `podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, labelSelector: {}}]}`
	for name, tt := range map[string]struct {
		old, pod string
		want     []string
	}{
		"a label more":         {`nodeSelector: {a: b}`, `nodeSelector: {a: b, c: d}`, nil},
		"another label":        {`nodeSelector: {a: b}`, `nodeSelector: {a: c}`, []string{`spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)`}},
		"a label less":         {`nodeSelector: {a: b, c: d}`, `nodeSelector: {a: b}`, []string{`spec.nodeSelector: Invalid value: {"a":"b"}: only additions to spec.nodeSelector`}},
		"a first affinity":     {`nodeSelector: {}`, required(ofA), nil},
		"one with preferences": {required(ofA), `affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: ` + ofB + `}], requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [` + ofA + `]}}}`, nil},
		"an expression more":   {required(ofA), required(`{matchExpressions: [` + a + `, ` + b + `]}`), nil},
		"an expression before": {required(ofA), required(`{matchExpressions: [` + b + `, ` + a + `]}`), []string{at + `[0]: Invalid value: {"matchExpressions":[{"key":"b","operator":"Exists"},{"key":"a","operator":"Exists"}]}` + additions}},
		"another expression":   {required(ofA), required(ofB), []string{at + `[0]: Invalid value: {"matchExpressions":[{"key":"b","operator":"Exists"}]}` + additions}},
		"a field more":         {required(`{matchFields: [` + f + `]}`), required(`{matchFields: [` + f + `, ` + g + `]}`), nil},
		"a field less":         {required(`{matchFields: [` + f + `, ` + g + `]}`), required(`{matchFields: [` + f + `]}`), []string{at + `[0]: Invalid value: {"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}` + additions}},
		"what matches nothing": {required(`{}`), required(ofA), []string{at + `[0]: Invalid value: {"matchExpressions":[{"key":"a","operator":"Exists"}]}` + additions}},
		"a term more":          {required(ofA), required(ofA + `, ` + ofB), []string{at + `: Invalid value: [{"matchExpressions":[{"key":"a","operator":"Exists"}]},{"matchExpressions":[{"key":"b","operator":"Exists"}]}]: no additions/deletions to non-empty NodeSelectorTerms list are allowed`}},
		"no terms any more":    {required(ofA), `nodeSelector: {}`, []string{at + `: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed`}},
		"beside other pods":    {`affinity: {` + apart + `}`, `affinity: {` + apart + `, nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [` + ofA + `]}}}`, nil},
		"other pods":           {`nodeSelector: {}`, `affinity: {` + apart + `}`, []string{podChange}},
		"other pods as well":   {`nodeSelector: {}`, `affinity: {` + apart + `, nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [` + ofA + `]}}}`, []string{podChange}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := func(spec string) string {
				return `{metadata: {name: p, namespace: ns}, spec: {schedulingGates: [{name: g}], containers: [{name: a, image: i}], ` + spec + `}}`
			}
			apitest.Updated(t, Pod, pod(tt.old), pod(tt.pod), tt.want...)
		})
	}
}

func TestEphemeralContainersUpdate(t *testing.T) {
	const one = `ephemeralContainers: [{name: x, image: i, command: [sh]}]`
	for name, tt := range map[string]struct {
		meta, old, pod string
		want           []string
	}{
		"a first one":          {``, ``, one, nil},
		"one more, before":     {``, one, `ephemeralContainers: [{name: "z", image: i}, {name: x, image: i, command: [sh]}]`, nil},
		"one less":             {``, one, ``, []string{"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"x\" may not be removed\n"}},
		"another":              {``, one, `ephemeralContainers: [{name: x, image: j, command: [sh]}]`, []string{"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"x\" may not be changed\n"}},
		"of a pod from a file": {`, annotations: {kubernetes.io/config.mirror: x}`, ``, one, []string{"[]: Forbidden: static pods do not support ephemeral containers"}},
		"what else is wrong":   {``, ``, `ephemeralContainers: [{name: a, image: ""}]`, []string{"spec.ephemeralContainers[0].image: Required value", `spec.ephemeralContainers[0].name: Duplicate value: "a"`}},
		"what they cannot have": {``, ``, `ephemeralContainers: [{name: x, image: i, targetContainerName: b, ports: [{containerPort: 1}]}]`, []string{
			`spec.ephemeralContainers[0].targetContainerName: Not found: "b"`, `spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container`,
		}},
		"and nothing but those": {``, ``, one + `, nodeName: elsewhere`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			pod := func(spec string) string {
				return `{metadata: {name: p, namespace: ns` + tt.meta + `}, spec: {containers: [{name: a, image: i}], ` + spec + `}}`
			}
			old := apitest.Created(t, Pod, pod(``)).(*corev1.Pod)
			old.Spec = apitest.Defaulted(t, Pod, pod(tt.old)).(*corev1.Pod).Spec
			old.ResourceVersion = "1"
			o := old.DeepCopy()
			Pod.Part("ephemeralcontainers").Copy(o, apitest.Defaulted(t, Pod, pod(tt.pod)))
			apitest.Errors(t, Pod.Part("ephemeralcontainers").Validate(o, old), tt.want...)
			if o.Spec.NodeName != "" {
				t.Error("more was written than ephemeral containers")
			}
		})
	}
}

func TestEphemeralContainersGetDefaults(t *testing.T) {
	o := apitest.Created(t, Pod, `{metadata: {name: p}, spec: {containers: [{name: a, image: i}]}}`).(*corev1.Pod)
	Pod.Part("ephemeralcontainers").Copy(o, apitest.Parse(t, Pod, `{spec: {ephemeralContainers: [{name: x, image: i}]}}`))
	if c := o.Spec.EphemeralContainers[0]; c.ImagePullPolicy != corev1.PullAlways || c.TerminationMessagePolicy == "" {
		t.Errorf("%+v", c)
	}
}
