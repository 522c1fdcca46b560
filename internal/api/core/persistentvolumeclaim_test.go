package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

const asked = `accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}`

func claimOf(rest string) string { return `{metadata: {name: c, namespace: ns}, ` + rest + `}` }

func TestClaimDefaults(t *testing.T) {
	const made = `volumeMode: Filesystem`
	for in, want := range map[string]string{
		`resources: {requests: {storage: 1u}, limits: {storage: 1u}}`: `resources: {requests: {storage: 1m}, limits: {storage: 1m}}, ` + made,
		`dataSource: {kind: PersistentVolumeClaim, name: x}`:          `dataSource: {apiGroup: null, kind: PersistentVolumeClaim, name: x}, dataSourceRef: {apiGroup: null, kind: PersistentVolumeClaim, name: x}, resources: {}, ` + made,
		`dataSourceRef: {apiGroup: a.b, kind: K, name: x}`:            `dataSource: {apiGroup: a.b, kind: K, name: x}, dataSourceRef: {apiGroup: a.b, kind: K, name: x}, resources: {}, ` + made,
		`dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: x}`: `dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: x},
		  dataSourceRef: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: x}, resources: {}, ` + made,
		`dataSource: {kind: Pod, name: x}`:                                                                       `resources: {}, ` + made,
		`dataSource: {apiGroup: a.b, kind: PersistentVolumeClaim, name: x}`:                                      `resources: {}, ` + made,
		`dataSourceRef: {kind: PersistentVolumeClaim, name: x, namespace: other}`:                                `resources: {}, ` + made,
		`dataSource: {kind: Pod, name: x}, dataSourceRef: {kind: PersistentVolumeClaim, name: x, namespace: ""}`: `dataSource: {apiGroup: null, kind: Pod, name: x}, dataSourceRef: {apiGroup: null, kind: PersistentVolumeClaim, name: x, namespace: ""}, resources: {}, ` + made,
	} {
		apitest.Same(t, apitest.Created(t, PersistentVolumeClaim, `{metadata: {name: c}, spec: {`+in+`}, status: {phase: Bound, capacity: {storage: 1u}}}`),
			`{metadata: {name: c}, spec: {`+want+`}, status: {phase: Pending}}`)
	}
	apitest.Same(t, apitest.Defaulted(t, PersistentVolumeClaim, `{metadata: {name: c}, status: {phase: Bound, capacity: {storage: 1u}, allocatedResources: {storage: 1u}}}`),
		`{metadata: {name: c}, spec: {resources: {}, `+made+`}, status: {phase: Bound, capacity: {storage: 1m}, allocatedResources: {storage: 1m}}}`)
}

// Who knows only one of the two fields must not lose what the other says; a
// source that was odd once stays.
func TestClaimSourcesOnUpdate(t *testing.T) {
	const ref = `dataSourceRef: {kind: PersistentVolumeClaim, name: x, namespace: other}`
	for name, tt := range map[string]struct{ was, is, want string }{
		"elder alone":     {`dataSource: {kind: Pod, name: x}`, `dataSource: {kind: Pod, name: x}`, `dataSource: {apiGroup: null, kind: Pod, name: x}, dataSourceRef: {apiGroup: null, kind: Pod, name: x}`},
		"odd, and new":    {``, `dataSource: {kind: Pod, name: x}`, ``},
		"elsewhere":       {ref, ref, `dataSourceRef: {apiGroup: null, kind: PersistentVolumeClaim, name: x, namespace: other}`},
		"elsewhere, new":  {``, ref, ``},
		"a new reference": {``, `dataSourceRef: {kind: K, name: x}`, `dataSource: {apiGroup: null, kind: K, name: x}, dataSourceRef: {apiGroup: null, kind: K, name: x}`},
	} {
		t.Run(name, func(t *testing.T) {
			o := apitest.Parse(t, PersistentVolumeClaim, `{metadata: {name: c}, spec: {`+tt.is+`}}`)
			PersistentVolumeClaim.PrepareUpdate(o, apitest.Parse(t, PersistentVolumeClaim, `{metadata: {name: c}, spec: {`+tt.was+`}}`))
			if tt.want != "" {
				tt.want = ", " + tt.want
			}
			apitest.Same(t, o, `{metadata: {name: c}, spec: {resources: {}`+tt.want+`}, status: {}}`)
		})
	}
}

func TestClaimRules(t *testing.T) {
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good":    {asked + `, storageClassName: "", volumeAttributesClassName: "", volumeMode: Block, selector: {matchLabels: {a: b}}`, nil},
		"nothing": {``, []string{"spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"}},
		"no size": {`accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}`, []string{`spec.resources[storage]: Invalid value: "0": must be greater than zero`}},
		"access": {`accessModes: [ReadWriteOncePod, ReadOnlyMany, Odd], resources: {requests: {storage: 1}}`, []string{
			`spec.accessModes: Unsupported value: "Odd": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`,
			"spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"}},
		"words": {asked + `, selector: {matchLabels: {"a b": c}}, storageClassName: A, volumeMode: Tape, volumeAttributesClassName: B`, []string{
			`spec.selector.matchLabels: Invalid value: "a b": name part must consist of`, `spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain`,
			`spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"`, `spec.volumeAttributesClassName: Invalid value: "B": a lowercase RFC 1123 subdomain`}},
		"sources": {asked + `, dataSource: {kind: Pod, name: ""}, dataSourceRef: {kind: PersistentVolumeClaim, name: x}`, []string{
			"spec.dataSource.name: Required value", `spec.dataSource: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
			`spec: Invalid value: {}: must match dataSourceRef`}},
		"a source of nothing": {asked + `, dataSourceRef: {apiGroup: "A", kind: "", name: ""}`, []string{
			"spec.dataSource.name: Required value", "spec.dataSource.kind: Required value", `spec.dataSource.apiGroup: Invalid value: "A": a lowercase RFC 1123 subdomain`,
			"spec.dataSourceRef.name: Required value", "spec.dataSourceRef.kind: Required value", `spec.dataSourceRef.apiGroup: Invalid value: "A": a lowercase RFC 1123 subdomain`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, PersistentVolumeClaim, claimOf(`spec: {`+tt.spec+`}`), tt.want...)
		})
	}
	o := apitest.Parse(t, PersistentVolumeClaim, claimOf(`spec: {`+asked+`, dataSource: {kind: PersistentVolumeClaim, name: x}, dataSourceRef: {kind: PersistentVolumeClaim, name: x, namespace: A}}`))
	apitest.Errors(t, PersistentVolumeClaim.Validate(o), `spec.dataSourceRef.namespace: Invalid value: "A": a lowercase RFC 1123 label`,
		"spec: Invalid value: {}: may not be specified when dataSourceRef.namespace is specified")
}

func TestClaimUpdate(t *testing.T) {
	const immutable = "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
	const class = `volume.beta.kubernetes.io/storage-class`
	const stays = `metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: `
	named := func(class string) string { return `metadata: {name: c, namespace: ns, annotations: {` + class + `}}, ` }
	plain := named("")
	spec := func(rest string) string { return `spec: {` + rest + asked + `}` }
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"bound":                           {plain + spec(""), plain + spec("volumeName: v, "), nil},
		"bound elsewhere":                 {plain + spec("volumeName: v, "), plain + spec("volumeName: w, "), []string{immutable}},
		"modes":                           {plain + spec(""), plain + `spec: {accessModes: [ReadOnlyMany], resources: {requests: {storage: 1Gi}}}`, []string{immutable}},
		"a class":                         {plain + spec(""), plain + spec("storageClassName: fast, "), nil},
		"another class":                   {plain + spec("storageClassName: slow, "), plain + spec("storageClassName: fast, "), []string{immutable}},
		"no class any more":               {plain + spec("storageClassName: slow, "), plain + spec(""), []string{immutable}},
		"the field takes over":            {named(class+": slow") + spec(""), plain + spec("storageClassName: slow, "), nil},
		"the field says the same":         {named(class+": slow") + spec(""), named(class+": slow") + spec("storageClassName: slow, "), nil},
		"the field says something else":   {named(class+": slow") + spec(""), named(class+": slow") + spec("storageClassName: fast, "), []string{immutable}},
		"the annotation goes":             {named(class+": slow") + spec(""), plain + spec(""), []string{stays + `"": field is immutable`}},
		"the annotation comes":            {plain + spec(""), named(class+": slow") + spec(""), []string{stays + `"slow": field is immutable`}},
		"the annotation changes with it":  {named(class+": slow") + spec(""), named(class+": fast") + spec("storageClassName: slow, "), []string{stays + `"fast": field is immutable`}},
		"the annotation is emptied":       {named(class+": slow") + spec(""), named(class+`: ""`) + spec("storageClassName: slow, "), []string{stays + `"": field is immutable`}},
		"mode":                            {plain + spec("volumeName: v, "), plain + spec("volumeName: v, volumeMode: Block, "), []string{immutable, `volumeMode: Invalid value: "Block": field is immutable`}},
		"attributes of what is not bound": {plain + spec("volumeAttributesClassName: a, "), plain + spec("volumeAttributesClassName: b, "), []string{immutable}},
		"grows before it is bound":        {plain + spec(""), plain + `spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}`, []string{immutable}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Updated(t, PersistentVolumeClaim, `{`+tt.was+`}`, `{`+tt.is+`}`, tt.want...)
		})
	}
}

func TestBoundClaims(t *testing.T) {
	bound := func(size, rest string) string {
		return claimOf(`spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: ` + size + `}}` + rest + `}, status: {phase: Bound, capacity: {storage: 2Gi}}`)
	}
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"grows":            {bound("2Gi", ""), bound("3Gi", ""), nil},
		"gives up growing": {bound("5Gi", ""), bound("3Gi", ""), nil},
		"shrinks":          {bound("5Gi", ""), bound("2Gi", ""), []string{"spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"}},
		"attributes":       {bound("2Gi", ", volumeAttributesClassName: a"), bound("2Gi", ", volumeAttributesClassName: b"), nil},
		"first attributes": {bound("2Gi", ""), bound("2Gi", ", volumeAttributesClassName: b"), nil},
		"no attributes":    {bound("2Gi", ", volumeAttributesClassName: a"), bound("2Gi", ""), []string{"spec: Forbidden: spec is immutable", "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden"}},
		"attributes of no name": {bound("2Gi", ", volumeAttributesClassName: a"), bound("2Gi", `, volumeAttributesClassName: ""`),
			[]string{"spec.volumeAttributesClassName: Forbidden: update from non-nil value to an empty string is forbidden"}},
		"still of no name": {bound("2Gi", `, volumeAttributesClassName: ""`), bound("2Gi", `, volumeAttributesClassName: ""`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			o, was := apitest.Parse(t, PersistentVolumeClaim, tt.is), apitest.Parse(t, PersistentVolumeClaim, tt.was)
			o.SetResourceVersion("1")
			was.SetResourceVersion("1")
			apitest.Errors(t, PersistentVolumeClaim.ValidateUpdate(o, was), tt.want...)
		})
	}
}

func TestClaimStatus(t *testing.T) {
	for status, want := range map[string][]string{
		`capacity: {storage: 1}, allocatedResources: {storage: 1, a.b/c: 1}, allocatedResourceStatuses: {storage: NodeResizePending}`: nil,
		`capacity: {cpu: -1}`: {"status.capacity[cpu]: Invalid value: -1: must be a valid resource quantity"},
		`allocatedResourceStatuses: {cpu: Odd, "a b": NodeResizePending}`: {
			`status.allocatedResourceStatus: Invalid value: "a b": name part must consist of`,
			`status.allocatedResourceStatus: Unsupported value: "cpu": supported values: "storage"`,
			`status.allocatedResourceStatus: Unsupported value: "cpu": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"`},
		`allocatedResources: {cpu: 1, storage: -1, example.kubernetes.io/x: 1}`: {
			`status.allocatedResources: Unsupported value: "cpu": supported values: "storage"`,
			`status.allocatedResources: Unsupported value: "example.kubernetes.io/x": supported values: "storage"`,
			"status.allocatedResources[storage]: Invalid value: -1: must be a valid resource quantity"},
	} {
		apitest.PartUpdated(t, PersistentVolumeClaim, "status", claimOf(`spec: {`+asked+`}`), claimOf(`status: {`+status+`}`), want...)
	}
	apitest.PartUpdated(t, PersistentVolumeClaim, "status", claimOf(`spec: {}`), claimOf(`status: {}`), "Spec.accessModes: Required value")
}

func TestClaimWarnings(t *testing.T) {
	for text, want := range map[string][]string{
		`spec: {resources: {requests: {storage: 1}, limits: {cpu: 1m}}}`: nil,
		`metadata: {annotations: {volume.beta.kubernetes.io/storage-class: a}}, spec: {resources: {requests: {storage: 1500m}, limits: {storage: 1m}}}`: {
			`metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead`,
			`spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer`,
			`spec.resources.limits[storage]: fractional byte value "1m" is invalid, must be an integer`},
	} {
		warned(t, PersistentVolumeClaim.Warnings(apitest.Parse(t, PersistentVolumeClaim, `{`+text+`}`)), want...)
	}
}

func TestClaimRow(t *testing.T) {
	apitest.Row(t, PersistentVolumeClaim, `{metadata: {name: c}, spec: {volumeName: v, volumeMode: Block}, status: {phase: Bound, capacity: {storage: 2Gi}, accessModes: [ReadWriteOnce]}}`,
		"c | Bound | v | 2Gi | RWO |  | <unset> | <unknown> | Block")
	apitest.Row(t, PersistentVolumeClaim, `{metadata: {name: c, deletionTimestamp: "2000-01-01T00:00:00Z", annotations: {volume.beta.kubernetes.io/storage-class: ""}}, spec: {storageClassName: fast, volumeAttributesClassName: gold}, status: {phase: Pending, capacity: {storage: 2Gi}, accessModes: [ReadWriteOnce]}}`,
		"c | Terminating |  |  |  |  | gold | <unknown> | <unset>")
}
