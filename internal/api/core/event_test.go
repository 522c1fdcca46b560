package core

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"skiff/internal/api/apitest"
)

func TestEventNamespace(t *testing.T) {
	const apart = `involvedObject.namespace: Invalid value: %q: does not match event.namespace`
	const newer = `eventTime: "2000-01-01T00:00:00.000000Z", reportingComponent: example.com/c, reportingInstance: i, action: a, reason: r`
	for _, tt := range []struct{ namespace, more, object, want string }{
		{"ns", "", "{namespace: ns}", ""},
		{"default", "", "{kind: Node, name: a}", ""},
		{"kube-system", "", "{kind: Node, name: a}", fmt.Sprintf(apart, "")},
		{"ns", "", "{namespace: other}", fmt.Sprintf(apart, "other")},
		{"default", newer, "{kind: Node, name: a}", ""},
		{"kube-system", newer, "{kind: Node, name: a}", ""},
		{"ns", newer, "{kind: Node, name: a}", fmt.Sprintf(apart, "")},
		{"ns", newer, "{namespace: other}", ""},
	} {
		var want []string
		if tt.want != "" {
			want = append(want, tt.want)
		}
		apitest.Refused(t, Event, `{metadata: {name: e, namespace: `+tt.namespace+`}, involvedObject: `+tt.object+`, `+tt.more+`}`, want...)
	}
}

func TestEventWithATimeIsWhole(t *testing.T) {
	apitest.Refused(t, Event, `{metadata: {name: e, namespace: default}, eventTime: "2000-01-01T00:00:00.000000Z"}`,
		"reportingComponent: Required value",
		`reportingComponent: Invalid value: "": name part must be non-empty`,
		`reportingComponent: Invalid value: "": name part must consist of alphanumeric characters`,
		"reportingInstance: Required value", "action: Required value", "reason: Required value")
	long, note := strings.Repeat("é", 65), strings.Repeat("x", 1025)
	apitest.Refused(t, Event, `{metadata: {name: "An_Event", namespace: default}, eventTime: "2000-01-01T00:00:00.000000Z", reportingComponent: c,
		reportingInstance: `+long+`, action: `+long+`, reason: `+long+`, message: `+note+`, type: Odd, series: {count: 1}}`,
		`reportingInstance: Invalid value: "": can have at most 128 characters`,
		`action: Invalid value: "": can have at most 128 characters`,
		`reason: Invalid value: "": can have at most 128 characters`,
		`message: Invalid value: "": can have at most 1024 characters`)
}

func TestEventRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is midnight of 2000-01-01
		apitest.Row(t, Event, `
metadata: {name: e.1}
involvedObject: {kind: Pod, name: p, fieldPath: "spec.containers{c}"}
type: Warning
reason: BackOff
message: "again \n"
source: {component: kubelet, host: node1}
firstTimestamp: "1999-12-31T23:00:00Z"
lastTimestamp: "1999-12-31T23:59:00Z"
count: 7
`, "60s | Warning | BackOff | pod/p | spec.containers{c} | kubelet, node1 | again | 60m | 7 | e.1")
		apitest.Row(t, Event, `
metadata: {name: e.2}
involvedObject: {kind: Node}
eventTime: "1999-12-31T23:58:00.000000Z"
reportingComponent: scheduler
`, "2m |  |  | node |  | scheduler |  | 2m | 1 | e.2")
	})
}
