package admission

import (
	"context"
	"strings"
	"testing"

	resourcev1 "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"skiff/internal/api/resource"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/testreader"
)

func parsed[T any](t *testing.T, text string) *T {
	t.Helper()
	o := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), o); err != nil {
		t.Fatal(err)
	}
	return o
}

func statusWrite(t *testing.T, old, now string) *Request {
	status := func(s string) *resourcev1.ResourceClaim {
		return parsed[resourcev1.ResourceClaim](t, "{metadata: {name: c, namespace: team}, status: {"+s+"}}")
	}
	return &Request{Operation: Update, Verb: "update", Resource: resource.ResourceClaim, Subresource: "status", Namespace: "team", Name: "c",
		Object: status(now), Old: status(old), User: authn.NewUser("ann")}
}

func TestDeviceAdminAccess(t *testing.T) {
	marked := namespace("marked")
	marked.Labels = map[string]string{resourcev1.DRAAdminNamespaceLabelKey: "true"}
	p := DeviceAdminAccess{Namespaces: testreader.New(namespace("team"), marked)}
	const why = ".adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace"
	request := func(text, ns string) *Request {
		o := parsed[resourcev1.ResourceClaim](t, "{metadata: {name: c, namespace: "+ns+"}, spec: {devices: {requests: ["+text+"]}}}")
		return create(resource.ResourceClaim, o)
	}
	const plain, admin = "{name: a, exactly: {deviceClassName: d}}, {name: b, firstAvailable: [{name: s}]}", ", {name: c, exactly: {adminAccess: true}}"
	pass(t, p, request(plain+", {name: c, exactly: {adminAccess: false}}", "team"))
	pass(t, p, request(plain+admin, "marked"))
	err := refuse(t, p, request(plain+admin, "team"), `ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[2]`+why)
	if !apierrors.IsInvalid(err) {
		t.Errorf("%v", err)
	}
	refuse(t, p, request(admin[1:], "gone"), `spec.devices.requests[0].adminAccess: Internal error: could not retrieve namespace to verify admin access: namespaces "gone" not found`)
	template := parsed[resourcev1.ResourceClaimTemplate](t, "{metadata: {name: c, namespace: team}, spec: {spec: {devices: {requests: ["+admin[1:]+"]}}}}")
	refuse(t, p, create(resource.ResourceClaimTemplate, template), `ResourceClaimTemplate.resource.k8s.io "c" is invalid: spec.devices.requests[0]`+why)

	const one, two = "allocation: {devices: {results: [{device: a}]}}", "allocation: {devices: {results: [{device: a}, {device: b, adminAccess: true}]}}"
	pass(t, p, statusWrite(t, one, one))
	pass(t, p, statusWrite(t, two, two))
	pass(t, p, statusWrite(t, two, ""))
	refuse(t, p, statusWrite(t, "", two), "status.allocation.devices.results[1]"+why)
}

// grants allows what it lists: verb, subresource, namespace and name.
type grants []string

func (g grants) Authorize(_ context.Context, a authz.Attributes) (authz.Decision, string, error) {
	asked := strings.Join([]string{a.Verb, a.Group, a.Version, a.Resource, a.Subresource, a.Namespace, a.Name}, " ")
	for _, s := range g {
		if asked == s {
			return authz.Allow, "", nil
		}
	}
	return authz.NoOpinion, "no rule", nil
}

func TestWhoAllocatesClaims(t *testing.T) {
	const allocation = "allocation: {devices: {results: [{device: a}]}}"
	binds := ClaimStatus{Authorizer: grants{"update resource.k8s.io v1 resourceclaims binding  "}}
	nobody := ClaimStatus{Authorizer: grants{}}
	const why = `ResourceClaim.resource.k8s.io "c" is invalid: status: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: ` +
		`resourceclaims.resource.k8s.io is forbidden: User "ann" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope: no rule`
	for _, c := range []struct{ old, now string }{{"", allocation}, {allocation, ""}, {allocation, allocation + ", reservedFor: [{uid: u}]"}} {
		pass(t, binds, statusWrite(t, c.old, c.now))
		if err := refuse(t, nobody, statusWrite(t, c.old, c.now), why); !apierrors.IsInvalid(err) {
			t.Errorf("%v", err)
		}
	}
	pass(t, nobody, statusWrite(t, allocation, allocation))
	spec := statusWrite(t, "", allocation)
	spec.Subresource = ""
	pass(t, nobody, spec)
}

func TestWhoSpeaksForDrivers(t *testing.T) {
	const (
		gpu, nic  = "{driver: gpu, pool: p, device: a}", "{driver: nic, pool: p, device: a}"
		onNode    = "allocation: {nodeSelector: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}]}}, "
		arbitrary = "arbitrary-node:update resource.k8s.io v1 resourceclaims driver team gpu"
		own       = "associated-node:update resource.k8s.io v1 resourceclaims driver team gpu"
		why       = `status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:update]" permission: ` +
			`resourceclaims.resource.k8s.io "nic" is forbidden: User "ann" cannot arbitrary-node:update resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "team": no rule`
	)
	devices := func(all ...string) string { return "devices: [" + strings.Join(all, ", ") + "]" }
	speaks := ClaimStatus{Authorizer: grants{arbitrary}}
	for _, c := range []struct{ old, now string }{
		{"", devices(gpu)}, {devices(gpu), ""}, {devices(gpu), devices(strings.Replace(gpu, "{", "{data: {}, ", 1))},
		{devices(gpu), devices(strings.Replace(gpu, "{", "{shareID: x, ", 1))}, {devices(nic), devices(nic, gpu)},
	} {
		pass(t, speaks, statusWrite(t, c.old, c.now))
		refuse(t, ClaimStatus{Authorizer: grants{}}, statusWrite(t, c.old, c.now), `"gpu" is forbidden`)
	}
	refuse(t, speaks, statusWrite(t, "", devices(gpu, nic)), why)

	pass(t, ClaimStatus{Authorizer: grants{own}}, fromNode(statusWrite(t, onNode, onNode+devices(gpu)), "n1"))
	refuse(t, ClaimStatus{Authorizer: grants{}}, fromNode(statusWrite(t, onNode, onNode+devices(gpu)), "n1"),
		`verb="[associated-node:update arbitrary-node:update]" permission: resourceclaims.resource.k8s.io "gpu" is forbidden: User "system:serviceaccount:team:driver" cannot associated-node:update resource`)
	person := fromNode(statusWrite(t, onNode, onNode+devices(gpu)), "n1")
	person.User.Name = "ann"
	for what, r := range map[string]*Request{
		"another node":       fromNode(statusWrite(t, onNode, onNode+devices(gpu)), "n2"),
		"no node":            fromNode(statusWrite(t, onNode, onNode+devices(gpu))),
		"two nodes":          fromNode(statusWrite(t, onNode, onNode+devices(gpu)), "n1", "n1"),
		"no service account": person,
		"for no node":        fromNode(statusWrite(t, "", devices(gpu)), "n1"),
		"by label":           fromNode(statusWrite(t, "", strings.Replace(onNode, "matchFields", "matchExpressions", 1)+devices(gpu)), "n1"),
		"by another field":   fromNode(statusWrite(t, "", strings.Replace(onNode, "metadata.name", "metadata.uid", 1)+devices(gpu)), "n1"),
		"not on it":          fromNode(statusWrite(t, "", strings.Replace(onNode, "operator: In", "operator: NotIn", 1)+devices(gpu)), "n1"),
		"on two":             fromNode(statusWrite(t, "", strings.Replace(onNode, "[n1]", "[n1, n2]", 1)+devices(gpu)), "n1"),
	} {
		t.Log(what)
		refuse(t, ClaimStatus{Authorizer: grants{own, "update resource.k8s.io v1 resourceclaims binding  "}}, r, `verb="[arbitrary-node:update]"`)
	}
}

// fromNode makes a request one of a pod on those nodes.
func fromNode(r *Request, nodes ...string) *Request {
	if nodes == nil {
		nodes = []string{}
	}
	r.User = &authn.User{Name: "system:serviceaccount:team:driver", Extra: map[string][]string{authn.NodeNameKey: nodes}}
	return r
}
