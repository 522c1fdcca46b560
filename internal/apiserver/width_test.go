package apiserver

import (
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/fairness"
	"skiff/internal/store"
)

// sized is a table of 40 objects of 10 kB each; 25 watch all ConfigMaps, and 10
// more those of the namespace ns.
type sized struct{ store.Table }

func (sized) Count() int  { return 40 }
func (sized) Size() int64 { return 400_000 }
func (sized) Watchers(namespace, _ string) int {
	if namespace == "ns" {
		return 35
	}
	return 25
}

func TestWidthsOfRequests(t *testing.T) {
	s := &Server{endpoints: map[schema.GroupVersionResource]*endpoint{
		{Version: "v1", Resource: "configmaps"}:      {table: sized{}},
		{Version: "v1", Resource: "serviceaccounts"}: {table: sized{}},
		{Version: "v1", Resource: "bindings"}:        {},
	}}
	one, four := fairness.One, fairness.Width{Seats: 4}
	const all, some = "/api/v1/configmaps", "/api/v1/namespaces/ns/configmaps"
	for _, tt := range []struct {
		method, path string
		most         int
		want         fairness.Width
	}{
		{"GET", all, 10, four}, {"GET", all, 3, fairness.Width{Seats: 3}}, {"GET", some, 10, four},
		{"GET", all + "?limit=500", 10, four}, {"GET", all + "?limit=0", 10, four}, {"GET", all + "?limit=11", 10, fairness.Width{Seats: 2}}, {"GET", all + "?limit=1", 10, one},
		{"GET", some + "/x", 10, one}, {"GET", some + "?fieldSelector=metadata.name%3Dx", 10, one},
		{"GET", all + "?watch=1", 10, four}, {"GET", all + "?watch=1&resourceVersion=0", 10, four}, {"GET", all + "?watch=1&resourceVersion=7", 10, one},
		{"GET", all + "?watch=1&resourceVersion=7&sendInitialEvents=true", 10, four},
		{"POST", "/api/v1/namespaces/other/configmaps", 10, fairness.WriteWidth(25, 10)}, {"POST", some, 10, fairness.WriteWidth(35, 10)},
		{"PUT", some + "/x", 2, fairness.WriteWidth(35, 2)}, {"PATCH", some + "/x", 10, fairness.WriteWidth(35, 10)}, {"DELETE", some + "/x", 10, fairness.WriteWidth(35, 10)},
		{"DELETE", some, 10, one}, // as upstream has it
		{"POST", "/api/v1/namespaces/ns/serviceaccounts", 10, fairness.WriteWidth(35, 10)},
		{"POST", "/api/v1/namespaces/ns/serviceaccounts/x/token", 10, one},
		{"POST", "/api/v1/namespaces/ns/bindings", 10, one}, {"GET", "/apis/none/v1/x", 10, one}, {"GET", "/version", 10, one},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		if got := s.width(r, parseRequest(r), tt.most); got != tt.want {
			t.Errorf("%s %s: %+v, want %+v", tt.method, tt.path, got, tt.want)
		}
	}
	if w := fairness.WriteWidth(35, 10); w.FinalSeats != 4 || w.Linger != 5*time.Millisecond {
		t.Errorf("%+v", w)
	}
}
