package discovery

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"

	"skiff/internal/api/apitest"
)

func TestEndpointSlice(t *testing.T) {
	apitest.Same(t, apitest.Created(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, endpoints: [], ports: [{port: 80}]}`),
		`{metadata: {name: s}, addressType: IPv4, endpoints: [], ports: [{name: "", port: 80, protocol: TCP}]}`)
	apitest.Described(t, EndpointSlice, "Name string, AddressType string, Ports string, Endpoints string, Age string")
	for text, want := range map[string]string{
		``: "s | IPv4 | <unset> | <unset> | <unknown>",
		`, ports: [{port: 80}, {name: web}, {}], endpoints: [{addresses: [a, b]}, {addresses: [c]}]`: "s | IPv4 | 80,web,* | a,b,c | <unknown>",
		`, ports: [{name: ""}]`: "s | IPv4 | <unset> | <unset> | <unknown>",
		`, ports: [{port: 80}], endpoints: [{addresses: [a]}, {addresses: [b]}, {addresses: [c]}, {addresses: [d]}, {addresses: [e]}]`: "s | IPv4 | 80 | a,b,c + 2 more... | <unknown>",
	} {
		apitest.Row(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4`+text+`}`, want)
	}
}

// The generation counts what is wanted: endpoints, ports and labels.
func TestWhatCountsAsAChange(t *testing.T) {
	const was = `metadata: {name: s}, addressType: IPv4`
	for text, change := range map[string]bool{
		was: false, `metadata: {name: s, annotations: {a: b}}, addressType: IPv4`: false, `metadata: {name: s, labels: {a: b}}, addressType: IPv4`: true,
		was + `, ports: [{port: 1}]`: true, was + `, endpoints: [{addresses: [a]}]`: true,
	} {
		a, b := EndpointSlice.Spec(apitest.Parse(t, EndpointSlice, `{`+was+`}`)), EndpointSlice.Spec(apitest.Parse(t, EndpointSlice, `{`+text+`}`))
		if got := !equal(a, b); got != change {
			t.Errorf("%s: a change %v", text, got)
		}
	}
}

func equal(a, b any) bool { return equality.Semantic.DeepEqual(a, b) }
