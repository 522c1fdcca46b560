package flowcontrol

import (
	"encoding/json"
	"strings"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func written(t *testing.T, spec any) string {
	t.Helper()
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWhatMustBeStaysAsItIs(t *testing.T) {
	levels := Exempt
	levels.Exempt = nil
	full, more := CatchAll, CatchAllSchema
	full.Limited = full.Limited.DeepCopy()
	*full.Limited.NominalConcurrencyShares++
	more.MatchingPrecedence = 5
	masters := ExemptSchema
	masters.Rules = everything("system:authenticated")
	for _, c := range []struct {
		kind *api.Resource
		name string
		spec any
		want []string
	}{
		{PriorityLevelConfiguration, "exempt", Exempt, nil},
		{PriorityLevelConfiguration, "exempt", levels, nil},
		{PriorityLevelConfiguration, "exempt", CatchAll, []string{
			`spec.type: Invalid value: "Limited": type must be 'Exempt' if and only if name is 'exempt'`,
			"spec: Invalid value: *: spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"}},
		{PriorityLevelConfiguration, "catch-all", CatchAll, nil},
		{PriorityLevelConfiguration, "catch-all", full, []string{"spec: Invalid value: *: spec of 'catch-all' must equal the fixed value"}},
		{PriorityLevelConfiguration, "other", full, nil},
		{FlowSchema, "exempt", ExemptSchema, nil},
		{FlowSchema, "exempt", masters, []string{"spec: Invalid value: *: spec of 'exempt' must equal the fixed value"}},
		{FlowSchema, "other", ExemptSchema, []string{"spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"}},
		{FlowSchema, "catch-all", CatchAllSchema, nil},
		{FlowSchema, "catch-all", more, []string{"spec: Invalid value: *: spec of 'catch-all' must equal the fixed value"}},
		{FlowSchema, "other", more, nil},
	} {
		spec := written(t, c.spec)
		for i, want := range c.want {
			c.want[i] = strings.Replace(want, "*", spec, 1)
		}
		apitest.Refused(t, c.kind, "{metadata: {name: "+c.name+"}, spec: "+spec+"}", c.want...)
	}
}
