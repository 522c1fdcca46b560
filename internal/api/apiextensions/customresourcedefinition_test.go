package apiextensions

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"skiff/internal/api/apitest"
)

// kind is a definition with a schema, and what more stands in its version.
func kind(schema, more string) string {
	return `{metadata: {name: boats.example.com}, spec: {group: example.com, scope: Namespaced, names: {plural: boats, kind: Boat},
		versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: ` + schema + `}` + more + `}]}}`
}

func TestDefaults(t *testing.T) {
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object}", ""))
	o := apitest.Created(t, CustomResourceDefinition, strings.Replace(kind("{type: object}", ""), "spec: {", `status: {storedVersions: [v7]}, spec: {conversion: {strategy: Webhook,
		webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: hook, namespace: ns}}}}, `, 1))
	apitest.Same(t, o, `{metadata: {name: boats.example.com}, spec: {group: example.com, scope: Namespaced,
		names: {plural: boats, singular: boat, kind: Boat, listKind: BoatList},
		conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: hook, namespace: ns, port: 443}}}},
		versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]},
		status: {acceptedNames: {kind: "", plural: ""}, storedVersions: [v1], conditions: [{type: Established, status: "False", lastTransitionTime: null,
			reason: NotServed, message: this API server stores the definition and does not serve custom resources yet}]}}`)
}

func TestDeletion(t *testing.T) {
	o := apitest.Created(t, CustomResourceDefinition, kind("{type: object}", ""))
	o.SetFinalizers([]string{"example.com/mine", cleanup})
	if !CustomResourceDefinition.Deleting(o) || len(o.GetFinalizers()) != 1 {
		t.Errorf("held by %v, of which nobody takes care", o.GetFinalizers())
	}
}

func TestUpdate(t *testing.T) {
	old := kind("{type: object}", "")
	for _, tt := range []struct {
		name, from, to string
		want           []string
	}{
		{"the name of the kind", "plural: boats", "plural: ships", []string{`spec.names.plural: Invalid value: "ships": field is immutable`}},
		{"its group", "group: example.com", "group: example.org", []string{`spec.group: Invalid value: "example.org": field is immutable`}},
		{"its scope, while it is not served", "Namespaced", "Cluster", nil},
		{"its name, while it is not served", "kind: Boat", "kind: Ship", nil},
		{"the version that is stored", "name: v1", "name: v2", []string{`status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version`}},
		{"to a schema that is not structural", "{type: object}", "{}", []string{`spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root`}},
		{"metadata", "metadata: {", "metadata: {labels: {a b: c}, ", []string{`metadata.labels: Invalid value: "a b": `, `metadata.labels: Invalid value: "a b": `}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			apitest.Updated(t, CustomResourceDefinition, old, strings.Replace(old, tt.from, tt.to, 1), tt.want...)
		})
	}
	broken := kind(`{type: object, properties: {a: {type: object, default: {b: 3}}, c: {type: array, x-kubernetes-list-type: set, items: {type: object}}}}`, "")
	apitest.Updated(t, CustomResourceDefinition, broken, strings.Replace(broken, "b: 3", "b: 4", 1)) // what was accepted once
	ours := strings.ReplaceAll(strings.Replace(old, "metadata: {", "metadata: {annotations: {api-approved.kubernetes.io: unapproved}, ", 1), "example.com", "x.k8s.io")
	apitest.Updated(t, CustomResourceDefinition, ours, strings.Replace(ours, "unapproved", "why", 1),
		`metadata.annotations[api-approved.kubernetes.io]: Invalid value: "why": protected groups must have approval annotation`)
}

func TestUpdateOfWhatIsServed(t *testing.T) {
	served := func(text string) *apiextensionsv1.CustomResourceDefinition {
		o := apitest.Created(t, CustomResourceDefinition, text).(*apiextensionsv1.CustomResourceDefinition)
		o.ResourceVersion, o.UID = "1", "u"
		o.Status.Conditions[0].Status = apiextensionsv1.ConditionTrue
		return o
	}
	old := kind("{type: object}", "")
	now := served(strings.NewReplacer("Namespaced", "Cluster", "kind: Boat", "kind: Ship").Replace(old))
	apitest.Errors(t, CustomResourceDefinition.ValidateUpdate(now, served(old)),
		`spec.scope: Invalid value: "Cluster": field is immutable`, `spec.names.kind: Invalid value: "Ship": field is immutable`)
}

// An expression that is stored may know more than a new one.
func TestStoredExpression(t *testing.T) {
	future := kind(`{type: object, x-kubernetes-validations: [{rule: "[1].includes(1)"}]}`, "")
	apitest.Updated(t, CustomResourceDefinition, kind("{type: object}", ""), future, `spec.validation.openAPIV3Schema.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"[1].includes(1)",`)
	apitest.Updated(t, CustomResourceDefinition, future, strings.Replace(future, "scope: Namespaced", "scope: Cluster", 1))
}

func TestStatus(t *testing.T) {
	old := kind("{type: object}", "")
	o := apitest.PartUpdated(t, CustomResourceDefinition, "status", old,
		`{metadata: {name: boats.example.com, labels: {a: b}, finalizers: [example.com/x]}, spec: {scope: Cluster}, status: {acceptedNames: {plural: Boats}, storedVersions: [v3]}}`,
		`status.acceptedNames.plural: Invalid value: "Boats"`).(*apiextensionsv1.CustomResourceDefinition)
	if o.Spec.Scope != apiextensionsv1.NamespaceScoped || o.Labels["a"] != "b" || len(o.Finalizers) != 1 || o.Status.StoredVersions[0] != "v3" {
		t.Errorf("%+v", o)
	}
}

func TestWarnings(t *testing.T) {
	odd := func(format string) string {
		return kind(`{type: object, properties: {a: {type: string, format: date-time}, b: {type: integer, format: `+format+`},
			c: {type: array, x-kubernetes-list-type: set, items: {type: object, x-kubernetes-map-type: atomic}}, d: {items: {type: array, x-kubernetes-list-type: set, items: {type: array}}}}}`, "")
	}
	set := func(of string) string {
		return `x-kubernetes-list-type: set for items of type "` + of + `" is not supported by server-side apply or CEL validation rules`
	}
	apitest.Warned(t, CustomResourceDefinition, odd("date"), `unrecognized format "date"`, set("array"), set("object"))
	apitest.UpdateWarned(t, CustomResourceDefinition, odd("date"), odd("time"), `unrecognized format "time"`)
}

func TestTable(t *testing.T) {
	apitest.Row(t, CustomResourceDefinition, `{metadata: {name: boats.example.com, creationTimestamp: "2026-01-02T03:04:05Z"}, spec: {group: example.com, scope: Cluster, names: {kind: Boat, shortNames: [b, bo]},
		versions: [{name: v2, served: true}, {name: v1, served: true, storage: true}, {name: v0}]}, status: {conditions: [{type: Established, status: "True"}]}}`,
		"boats.example.com | Cluster | v1(storage),v2 | 2026-01-02T03:04:05Z | example.com | Boat | b,bo | true")
	apitest.Described(t, CustomResourceDefinition, "Name string, Scope string, Versions string, Created At date, Group string*, Kind string*, ShortNames string*, Established boolean*")
}

// What a server stored while the Go types were its own is read as it was
// meant: definition.pb is from then.
func TestStoredBytes(t *testing.T) {
	stored, err := os.ReadFile("testdata/definition.pb")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/definition.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var got, again apiextensionsv1.CustomResourceDefinition
	if err := got.Unmarshal(stored); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(apitest.Parse(t, CustomResourceDefinition, string(text)), &got); diff != "" {
		t.Errorf("(-written +read)\n%s", diff)
	}
	data, err := got.Marshal()
	if err != nil || again.Unmarshal(data) != nil || !cmp.Equal(got, again) {
		t.Errorf("%v: what is written now is another definition", err)
	}
}
