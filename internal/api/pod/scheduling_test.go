package pod

import "testing"

func TestGates(t *testing.T) {
	judge(t,
		with(`readinessGates: [{conditionType: x.io/y}, {conditionType: z}], schedulingGates: [{name: a}, {name: x.io/b}]`),
		with(`readinessGates: [{conditionType: a b}], schedulingGates: [{name: a b}, {name: c}, {name: c}]`,
			`spec.readinessGates[0].conditionType: Invalid value: "a b": name part must consist of alphanumeric characters`,
			`spec.schedulingGates[0]: Invalid value: "a b": name part must consist of alphanumeric characters`,
			`spec.schedulingGates[2]: Duplicate value: "c"`),
		with(`nodeName: n`),
		with(`nodeName: n, schedulingGates: [{name: a}]`, `spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared`),
	)
}

func TestTolerations(t *testing.T) {
	tolerations := func(text string, want ...string) judged {
		return with(`tolerations: [`+text+`]`, within("spec.tolerations", want)...)
	}
	const value = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'`
	judge(t,
		tolerations(`{operator: Exists}, {key: a/b, operator: Exists, effect: NoSchedule}, {key: k, value: v, operator: Equal, effect: NoExecute, tolerationSeconds: -1}, {key: k, effect: PreferNoSchedule}`),
		tolerations(`{}`, "[0].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \"match all values and all keys\""),
		tolerations(`{operator: Equal, value: v}`, "[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty"),
		tolerations(`{key: a b}`, `[0].key: Invalid value: "a b": name part must consist of alphanumeric characters`),
		tolerations(`{key: k, value: a b}, {key: k, operator: Equal, value: a b}`, `[0].operator: Invalid value: "a b": `+value, `[1].operator: Invalid value: "a b": `+value),
		tolerations(`{key: k, operator: Exists, value: v}`, "[0].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'"),
		tolerations(`{key: k, operator: Near}`, `[0].operator: Unsupported value: "Near": supported values: "Equal", "Exists"`),
		tolerations(`{key: k, operator: Lt, value: "1"}, {key: k, operator: Gt, value: "1"}`,
			`[0].operator: Unsupported value: "Lt": supported values: "Equal", "Exists", "Lt", "Gt"`,
			`[1].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"`),
		tolerations(`{key: k, tolerationSeconds: 1}, {key: k, tolerationSeconds: 1, effect: NoSchedule}`,
			"[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
			"[1].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"),
		tolerations(`{key: k, effect: X}`, `[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`),
	)
}

func TestSpread(t *testing.T) {
	spread := func(text string, want ...string) judged {
		return with(`topologySpreadConstraints: [`+text+`]`, within("spec.topologySpreadConstraints", want)...)
	}
	const good = `maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule`
	const both = `exists in both matchLabelKeys and labelSelector`
	judge(t,
		spread(`{`+good+`, minDomains: 1, nodeAffinityPolicy: Honor, nodeTaintsPolicy: Ignore, matchLabelKeys: [a], labelSelector: {}}, {maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway}, {maxSkew: 1, topologyKey: y, whenUnsatisfiable: DoNotSchedule}`),
		spread(`{}`,
			`[0].maxSkew: Invalid value: 0: must be greater than zero`,
			`[0].topologyKey: Required value: can not be empty`,
			`[0].whenUnsatisfiable: Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"`),
		spread(`{`+good+`}, {`+good+`}, {`+good+`}`,
			`[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, DoNotSchedule}"`,
			`[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, DoNotSchedule}"`),
		spread(`{`+good+`, minDomains: 0}, {maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, minDomains: 2}`,
			`[0].minDomains: Invalid value: 0: must be greater than zero`,
			`[1].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway`),
		spread(`{`+good+`, nodeAffinityPolicy: X, nodeTaintsPolicy: Y_}`,
			`[0].nodeAffinityPolicy: Unsupported value: "X": supported values: "Honor", "Ignore"`,
			`[0].nodeTaintsPolicy: Unsupported value: "Y_": supported values: "Honor", "Ignore"`),
		spread(`{`+good+`, matchLabelKeys: [a]}`, `[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`),
		spread(`{`+good+`, matchLabelKeys: [a b], labelSelector: {}}`, `[0].matchLabelKeys[0]: Invalid value: "a b": name part must consist of`),
		spread(`{`+good+`, labelSelector: {matchExpressions: [{key: k, operator: Near}]}}`, `[0].labelSelector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`),
		// What the key stands for is written into the selector, so that it is
		// there once is no fault.
		spread(`{`+good+`, matchLabelKeys: [a, b], labelSelector: {matchLabels: {a: x}, matchExpressions: [{key: a, operator: In, values: [y]}, {key: b, operator: In, values: [y]}]}}`, `[0][0]: Invalid value: "a": `+both),
		spread(`{`+good+`, matchLabelKeys: [c, b], labelSelector: {matchExpressions: [{key: b, operator: Exists}, {key: b, operator: In, values: [y]}]}}`, `[0][1]: Invalid value: "b": `+both),
	)
}

func TestNodeAffinity(t *testing.T) {
	required := func(text string, want ...string) judged {
		return with(`affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [`+text+`]}}}`,
			within("spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", want)...)
	}
	preferred := func(text string, want ...string) judged {
		return with(`affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [`+text+`]}}`,
			within("spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution", want)...)
	}
	const value = `a valid label must be an empty string or consist of`
	judge(t,
		required(`{matchExpressions: [{key: a/b, operator: In, values: [a, b]}, {key: k, operator: NotIn, values: [a]}, {key: k, operator: Exists}, {key: k, operator: DoesNotExist}, {key: k, operator: Gt, values: ["1"]}, {key: k, operator: Lt, values: ["1"]}],
			matchFields: [{key: metadata.name, operator: In, values: [n]}, {key: metadata.name, operator: NotIn, values: [n]}]}, {}`),
		required(``, `: Required value: must have at least one node selector term`),
		required(`{matchExpressions: [{key: k, operator: In}, {key: k, operator: NotIn}]}`,
			"[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
			"[0].matchExpressions[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"),
		required(`{matchExpressions: [{key: k, operator: Exists, values: [a]}, {key: k, operator: DoesNotExist, values: [a]}]}`,
			"[0].matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
			"[0].matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
		required(`{matchExpressions: [{key: k, operator: Gt}, {key: k, operator: Lt, values: ["1", "2"]}]}`,
			"[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
			"[0].matchExpressions[1].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"),
		required(`{matchExpressions: [{key: a b, operator: Near, values: [a b]}]}`,
			`[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`,
			`[0].matchExpressions[0].key: Invalid value: "a b": name part must consist of`,
			`[0].matchExpressions[0].values[0]: Invalid value: "a b": `+value),
		required(`{matchFields: [{key: metadata.name, operator: In, values: [a, NN]}, {key: metadata.name, operator: Exists}, {key: x, operator: NotIn, values: [a]}]}`,
			"[0].matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
			`[0].matchFields[0].values[1]: Invalid value: "NN": `+subdomain,
			`[0].matchFields[1].operator: Invalid value: "Exists": not a valid selector operator`,
			`[0].matchFields[2].key: Invalid value: "x": not a valid field selector key`),
		preferred(`{weight: 1, preference: {}}, {weight: 100, preference: {matchExpressions: [{key: k, operator: In, values: [a b]}]}}`), // no harm done
		preferred(`{weight: 0, preference: {matchExpressions: [{key: k, operator: In}]}}, {weight: 101, preference: {}}`,
			`[0].weight: Invalid value: 0: must be in the range 1-100`,
			"[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
			`[1].weight: Invalid value: 101: must be in the range 1-100`),
		with(`nodeSelector: {a/b: c}`),
		with(`nodeSelector: {a b: c d}`, `spec.nodeSelector: Invalid value: "a b": name part must consist of`, `spec.nodeSelector: Invalid value: "c d": `+value),
	)
}

func TestPodAffinity(t *testing.T) {
	required := func(text string, want ...string) judged {
		return with(`affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{`+text+`}]}}`,
			within("spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]", want)...)
	}
	const missing = `must not be specified when labelSelector is not set`
	judge(t,
		required(`topologyKey: a/b, namespaces: [ns], namespaceSelector: {}, labelSelector: {matchLabels: {a: b}}, matchLabelKeys: [x], mismatchLabelKeys: [y]`),
		required(``, `.topologyKey: Required value: can not be empty`, `.topologyKey: Invalid value: "": name part must be non-empty`, `.topologyKey: Invalid value: "": name part must consist of`),
		required(`topologyKey: a b`, `.topologyKey: Invalid value: "a b": name part must consist of`),
		required(`topologyKey: z, namespaces: [NS], namespaceSelector: {matchLabels: {a: b c}}, labelSelector: {matchExpressions: [{key: k, operator: In}]}`,
			".labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
			`.namespaceSelector.matchLabels: Invalid value: "b c": a valid label must be`,
			`.namespace: Invalid value: "NS": `+label),
		required(`topologyKey: z, matchLabelKeys: [x], mismatchLabelKeys: [y]`, `.matchLabelKeys: Forbidden: `+missing, `.mismatchLabelKeys: Forbidden: `+missing),
		required(`topologyKey: z, labelSelector: {}, matchLabelKeys: [a b], mismatchLabelKeys: [c d]`,
			`.matchLabelKeys[0]: Invalid value: "a b": name part must consist of`,
			`.mismatchLabelKeys[0]: Invalid value: "c d": name part must consist of`),
		required(`topologyKey: z, labelSelector: {}, matchLabelKeys: [x, w], mismatchLabelKeys: [w]`, `.matchLabelKeys[1]: Invalid value: "w": exists in both matchLabelKeys and mismatchLabelKeys`),
		required(`topologyKey: z, labelSelector: {matchLabels: {w: a}, matchExpressions: [{key: w, operator: In, values: [b]}]}, matchLabelKeys: [x, w]`,
			`[1]: Invalid value: "w": exists in both matchLabelKeys and labelSelector`),
		with(`affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a b}], preferredDuringSchedulingIgnoredDuringExecution: [{weight: 0, podAffinityTerm: {topologyKey: a b}}]},
			podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, podAffinityTerm: {topologyKey: a b}}]}}`,
			`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100`,
			`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Invalid value: "a b"`,
			`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "a b"`,
			`spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0`,
			`spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Invalid value: "a b"`),
	)
}
