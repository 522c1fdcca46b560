package catalogue

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
)

// What clients hard-code about the kinds that they meet first: etcd prefix,
// scope, short names, subresources.
func TestNames(t *testing.T) {
	for _, want := range []string{
		"v1/pods pods ns [po] [all]: attach binding ephemeralcontainers eviction exec log portforward proxy resize status",
		"v1/services services/specs ns [svc] [all]: proxy status",
		"v1/endpoints services/endpoints ns [ep] []:",
		"v1/nodes minions cluster [no] []: proxy status",
		"v1/namespaces namespaces cluster [ns] []: finalize status",
		"v1/replicationcontrollers controllers ns [rc] [all]: scale status",
		"v1/serviceaccounts serviceaccounts ns [sa] []: token",
		"v1/configmaps configmaps ns [cm] []:",
		"v1/events events ns [ev] []:",
		"events.k8s.io/v1/events events ns [ev] []:",
		"apps/v1/deployments deployments ns [deploy] [all]: scale status",
		"apps/v1/replicasets replicasets ns [rs] [all]: scale status",
		"apps/v1/daemonsets daemonsets ns [ds] [all]: status",
		"batch/v1/cronjobs cronjobs ns [cj] [all]: status",
		"autoscaling/v1/horizontalpodautoscalers horizontalpodautoscalers ns [hpa] [all]: status",
		"networking.k8s.io/v1/ingresses ingress ns [ing] []: status",
		"certificates.k8s.io/v1/certificatesigningrequests certificatesigningrequests cluster [csr] []: approval status",
		"rbac.authorization.k8s.io/v1/clusterroles clusterroles cluster [] []:",
		"authorization.k8s.io/v1/localsubjectaccessreviews  ns [] []:",
	} {
		path, _, _ := strings.Cut(want, " ")
		r := lookup(t, path)
		if got := describe(path, r); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func describe(path string, r *api.Resource) string {
	scope := "cluster"
	if r.Namespaced {
		scope = "ns"
	}
	var subs []string
	for _, p := range r.Parts {
		subs = append(subs, p.Name)
	}
	for _, s := range r.Subresources {
		subs = append(subs, s.Name)
	}
	if r.Scale != nil {
		subs = append(subs, "scale")
	}
	slices.Sort(subs)
	out := []string{path, r.Prefix, scope, "[" + strings.Join(r.ShortNames, " ") + "]", "[" + strings.Join(r.Categories, " ") + "]:"}
	return strings.Join(append(out, subs...), " ")
}

func lookup(t *testing.T, path string) *api.Resource {
	t.Helper()
	parts := strings.Split(path, "/")
	if len(parts) == 2 {
		parts = append([]string{""}, parts...)
	}
	r := Lookup(schema.GroupVersionResource{Group: parts[0], Version: parts[1], Resource: parts[2]})
	if r == nil {
		t.Fatalf("no kind at %s", path)
	}
	return r
}

// Every kind must hold together: the Scheme knows its types under its name,
// a row has a cell for each column, and what is stored has a place.
func TestEveryKind(t *testing.T) {
	reviews := []string{"create"}
	prefixes := map[string]string{}
	for _, r := range All() {
		name := r.GroupVersionResource().String()
		o := r.New()
		if gvks, _, err := Scheme.ObjectKinds(o); err != nil || !slices.Contains(gvks, r.GroupVersionKind) {
			t.Errorf("%s: New makes %v (%v)", name, gvks, err)
		}
		stored := r.Prefix != ""
		if stored != r.Serves("delete") {
			t.Errorf("%s: stored %v, serves delete %v", name, stored, r.Serves("delete"))
		}
		if r.Serves("list") {
			checkList(t, name, r)
		} else if !slices.Equal(r.Verbs, reviews) {
			t.Errorf("%s: verbs %v", name, r.Verbs)
		}
		if got := len(r.Row(o)); got != len(r.Columns) {
			t.Errorf("%s: %d cells in %d columns", name, got, len(r.Columns))
		}
		if !slices.ContainsFunc(r.Columns, func(c metav1.TableColumnDefinition) bool { return c.Format == "name" }) {
			t.Errorf("%s: no column is the name", name)
		}
		if other, taken := prefixes[r.Prefix]; stored && taken && r.StoredAs == nil {
			t.Errorf("%s: lies at %s, as %s does", name, r.Prefix, other)
		}
		if r.StoredAs == nil {
			prefixes[r.Prefix] = name
		}
		if r.Fields != nil {
			checkFields(t, name, r)
		}
	}
}

func checkList(t *testing.T, name string, r *api.Resource) {
	list := r.NewList()
	if err := meta.SetList(list, []runtime.Object{r.New()}); err != nil {
		t.Errorf("%s: its list does not take it: %v", name, err)
	}
	if gvks, _, err := Scheme.ObjectKinds(list); err != nil || gvks[0].Kind != r.Kind+"List" {
		t.Errorf("%s: NewList makes %v (%v)", name, gvks, err)
	}
}

func checkFields(t *testing.T, name string, r *api.Resource) {
	got := r.Fields(r.New())
	if len(got) != len(r.FieldNames) {
		t.Errorf("%s: fields %v, names %v", name, got, r.FieldNames)
	}
	for _, f := range r.FieldNames {
		if _, ok := got[f]; !ok {
			t.Errorf("%s: field %s is named and not given", name, f)
		}
	}
}

// An empty object reaches every function before validation has seen it; none
// may panic on what is missing.
func TestEmptyObjects(t *testing.T) {
	for _, r := range All() {
		o, old := r.New(), r.New()
		for _, f := range []func(api.Object){r.Default, r.PrepareCreate} {
			if f != nil {
				f(o)
			}
		}
		if r.PrepareUpdate != nil {
			r.PrepareUpdate(o, old)
		}
		r.Validate(o)
		r.ValidateUpdate(o, old)
		for _, p := range r.Parts {
			p.Copy(o, old)
			p.Validate(o, old)
		}
		if r.Warnings != nil {
			r.Warnings(o)
		}
		if r.Scale != nil {
			r.Scale.Get(o)
			r.Scale.Set(o, 3)
			if got := r.Scale.Get(o).Spec.Replicas; got != 3 {
				t.Errorf("%s: scaled to 3, is %d", r.Plural, got)
			}
		}
	}
}

// What may be written without saying which version it replaces, and what a PUT
// creates, is as upstream has it for each kind.
func TestUnconditionalWrites(t *testing.T) {
	needVersion := strings.Fields(`
		apiservices.apiregistration.k8s.io clustertrustbundles.certificates.k8s.io csidrivers.storage.k8s.io csinodes.storage.k8s.io
		csistoragecapacities.storage.k8s.io customresourcedefinitions.apiextensions.k8s.io devicetaintrules.resource.k8s.io leases.coordination.k8s.io
		mutatingadmissionpolicies.admissionregistration.k8s.io mutatingadmissionpolicybindings.admissionregistration.k8s.io
		mutatingwebhookconfigurations.admissionregistration.k8s.io podcertificaterequests.certificates.k8s.io
		poddisruptionbudgets.policy runtimeclasses.node.k8s.io storageversionmigrations.storagemigration.k8s.io
		validatingadmissionpolicies.admissionregistration.k8s.io validatingadmissionpolicybindings.admissionregistration.k8s.io
		validatingwebhookconfigurations.admissionregistration.k8s.io volumeattachments.storage.k8s.io`)
	created := strings.Fields(`
		clusterrolebindings.rbac.authorization.k8s.io clusterroles.rbac.authorization.k8s.io endpoints events events.events.k8s.io
		leases.coordination.k8s.io limitranges rolebindings.rbac.authorization.k8s.io
		roles.rbac.authorization.k8s.io services`)
	var haveNeed, haveCreated []string
	for _, r := range All() {
		if r.RequireResourceVersion {
			haveNeed = append(haveNeed, r.GroupResource().String())
		}
		if r.AllowCreateOnUpdate {
			haveCreated = append(haveCreated, r.GroupResource().String())
		}
	}
	slices.Sort(haveNeed)
	slices.Sort(haveCreated)
	if !slices.Equal(haveNeed, needVersion) {
		t.Errorf("updates need a resourceVersion of\n%v, want\n%v", haveNeed, needVersion)
	}
	if !slices.Equal(haveCreated, created) {
		t.Errorf("a PUT creates\n%v, want\n%v", haveCreated, created)
	}
}

// The short names that kubectl users type, and what each means first.
func TestShortNames(t *testing.T) {
	first := map[string]string{}
	for _, r := range All() {
		for _, short := range r.ShortNames {
			if _, taken := first[short]; !taken {
				first[short] = r.GroupResource().String()
			}
		}
	}
	for short, want := range map[string]string{
		"cs": "componentstatuses", "cm": "configmaps", "ds": "daemonsets.apps", "deploy": "deployments.apps", "ep": "endpoints",
		"ev": "events", "hpa": "horizontalpodautoscalers.autoscaling", "ing": "ingresses.networking.k8s.io", "limits": "limitranges",
		"ns": "namespaces", "no": "nodes", "pvc": "persistentvolumeclaims", "pv": "persistentvolumes", "po": "pods",
		"rs": "replicasets.apps", "rc": "replicationcontrollers", "quota": "resourcequotas", "sa": "serviceaccounts", "svc": "services",
		"sts": "statefulsets.apps", "cj": "cronjobs.batch", "crd": "customresourcedefinitions.apiextensions.k8s.io",
		"crds": "customresourcedefinitions.apiextensions.k8s.io", "pdb": "poddisruptionbudgets.policy",
		"pc": "priorityclasses.scheduling.k8s.io", "sc": "storageclasses.storage.k8s.io", "netpol": "networkpolicies.networking.k8s.io",
		"csr": "certificatesigningrequests.certificates.k8s.io", "vac": "volumeattributesclasses.storage.k8s.io", "ip": "ipaddresses.networking.k8s.io",
	} {
		if first[short] != want {
			t.Errorf("%s means %q, want %s", short, first[short], want)
		}
	}
	var all []string
	for _, r := range All() {
		if slices.Contains(r.Categories, "all") && !slices.Contains(all, r.GroupResource().String()) {
			all = append(all, r.GroupResource().String())
		}
	}
	slices.Sort(all)
	want := strings.Fields("cronjobs.batch daemonsets.apps deployments.apps horizontalpodautoscalers.autoscaling jobs.batch pods " +
		"replicasets.apps replicationcontrollers services statefulsets.apps")
	if !slices.Equal(all, want) {
		t.Errorf("all means %v, want %v", all, want)
	}
}

// A finalizer needs a domain, except of the kinds that nobody asks it of.
func TestFinalizers(t *testing.T) {
	free := []string{
		"apiregistration.k8s.io/apiservices", "/events", "events.k8s.io/events", "policy/poddisruptionbudgets", "node.k8s.io/runtimeclasses",
		"apiextensions.k8s.io/customresourcedefinitions", "coordination.k8s.io/leases",
	}
	for _, r := range All() {
		if r.Prefix == "" {
			continue
		}
		o := r.New()
		o.SetFinalizers([]string{"orphan", "a/b", "mine"})
		const want = `metadata.finalizers[2]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified`
		name := r.Group + "/" + r.Plural
		refused := slices.ContainsFunc(r.Validate(o), func(e *field.Error) bool { return e.Error() == want })
		if refused == (slices.Contains(free, name) || r.Group == "admissionregistration.k8s.io") {
			t.Errorf("%s: refused %v", name, refused)
		}
	}
}
