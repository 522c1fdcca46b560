package events

import (
	"testing"

	"skiff/internal/api/apitest"
	"skiff/internal/api/core"
)

const newer = `
apiVersion: events.k8s.io/v1
kind: Event
metadata: {name: e, namespace: ns}
eventTime: "2000-01-01T00:00:00.000000Z"
series: {count: 3, lastObservedTime: "2000-01-01T00:01:00.000000Z"}
reportingController: c
reportingInstance: i
action: Pulling
reason: Pulled
regarding: {kind: Pod, name: p, namespace: ns}
related: {kind: Node, name: a}
note: done
type: Normal
deprecatedSource: {component: kubelet}
deprecatedFirstTimestamp: "2000-01-01T00:00:00Z"
deprecatedLastTimestamp: "2000-01-01T00:00:30Z"
deprecatedCount: 2
`

const older = `
apiVersion: v1
kind: Event
metadata: {name: e, namespace: ns}
eventTime: "2000-01-01T00:00:00.000000Z"
series: {count: 3, lastObservedTime: "2000-01-01T00:01:00.000000Z"}
reportingComponent: c
reportingInstance: i
action: Pulling
reason: Pulled
involvedObject: {kind: Pod, name: p, namespace: ns}
related: {kind: Node, name: a}
message: done
type: Normal
source: {component: kubelet}
firstTimestamp: "2000-01-01T00:00:00Z"
lastTimestamp: "2000-01-01T00:00:30Z"
count: 2
`

func TestEventIsCoreEvent(t *testing.T) {
	stored, err := Event.ToStored(apitest.Parse(t, Event, newer))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Same(t, stored, older)
	view, err := Event.FromStored(apitest.Parse(t, core.Event, older))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Same(t, view, newer)
}
