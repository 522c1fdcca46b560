package core

import (
	"testing"
	"testing/synctest"

	"skiff/internal/api/apitest"
)

func TestEventNamespace(t *testing.T) {
	apitest.Refused(t, Event, `{metadata: {name: e, namespace: ns}, involvedObject: {namespace: ns}}`)
	apitest.Refused(t, Event, `{metadata: {name: e, namespace: default}, involvedObject: {kind: Node, name: a}}`)
	apitest.Refused(t, Event, `{metadata: {name: e, namespace: ns}, involvedObject: {namespace: other}}`,
		`involvedObject.namespace: Invalid value: "other": does not match event.namespace`)
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
