package bootstrap

import (
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"skiff/internal/api/apiregistration"
	"skiff/internal/api/catalogue"
)

// autoManaged marks the APIServices that the system makes.
const autoManaged = "kube-aggregator.kubernetes.io/automanaged"

// groupPriority orders groups where several have a kind of the same name, as
// Kubernetes does; higher comes first.
var groupPriority = map[string]int32{
	"": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
	"autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
	"rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700, "admissionregistration.k8s.io": 16700,
	"scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "node.k8s.io": 16300, "discovery.k8s.io": 16200,
	"flowcontrol.apiserver.k8s.io": 16100, "resource.k8s.io": 15900, "storagemigration.k8s.io": 15800,
}

const (
	otherGroups    = 15000
	versionOrder   = 15
	preferredOrder = 30 // of autoscaling/v2, which comes before v1
)

// apiServices writes an APIService for each group and version that this server
// answers itself.
func (b *bootstrapper) apiServices(ctx context.Context) error {
	var wanted []*apiregistration.Object
	seen := map[schema.GroupVersion]bool{apiregistration.GroupVersion: true} // it needs none to be found
	for _, r := range catalogue.All() {
		if gv := r.GroupVersion(); !seen[gv] {
			seen[gv] = true
			wanted = append(wanted, localService(gv))
		}
	}
	return reconcile(ctx, b, apiServiceClient{b.kube.Discovery().RESTClient()}, wanted, keep)
}

func localService(gv schema.GroupVersion) *apiregistration.Object {
	priority, ok := groupPriority[gv.Group]
	if !ok {
		priority = otherGroups
	}
	o := &apiregistration.Object{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiregistration.GroupVersion.String(), Kind: "APIService"},
		ObjectMeta: metav1.ObjectMeta{Name: gv.Version + "." + gv.Group, Labels: map[string]string{autoManaged: "onstart"}},
		Spec:       apiregistration.Spec{Group: gv.Group, Version: gv.Version, GroupPriorityMinimum: priority, VersionPriority: versionOrder},
	}
	switch {
	case gv.Group == "":
		o.Spec.VersionPriority = 1
	case gv.Version != "v1":
		o.Spec.VersionPriority = preferredOrder
	}
	return o
}

// apiServiceClient is the typed client that client-go has not. It speaks JSON.
type apiServiceClient struct{ rest rest.Interface }

const apiServicePath = "/apis/apiregistration.k8s.io/v1/apiservices"

func (c apiServiceClient) List(ctx context.Context, _ metav1.ListOptions) (*apiregistration.List, error) {
	out := &apiregistration.List{}
	return out, send(ctx, c.rest.Get().AbsPath(apiServicePath), nil, out)
}

func (c apiServiceClient) Create(ctx context.Context, o *apiregistration.Object, _ metav1.CreateOptions) (*apiregistration.Object, error) {
	out := &apiregistration.Object{}
	return out, send(ctx, c.rest.Post().AbsPath(apiServicePath), o, out)
}

func (c apiServiceClient) Update(ctx context.Context, o *apiregistration.Object, _ metav1.UpdateOptions) (*apiregistration.Object, error) {
	out := &apiregistration.Object{}
	return out, send(ctx, c.rest.Put().AbsPath(apiServicePath, o.Name), o, out)
}

func send(ctx context.Context, r *rest.Request, body *apiregistration.Object, into any) error {
	r = r.SetHeader("Accept", "application/json")
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = r.SetHeader("Content-Type", "application/json").Body(data)
	}
	data, err := r.Do(ctx).Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
