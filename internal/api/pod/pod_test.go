package pod

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func parse(t *testing.T, text string) *corev1.PodSpec {
	t.Helper()
	s := &corev1.PodSpec{}
	if err := yaml.UnmarshalStrict([]byte(text), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// pods is the kind with the rules of this package alone.
var pods = api.Define(api.Kind[*corev1.Pod]{
	GVK: corev1.SchemeGroupVersion.WithKind("Pod"), New: api.New[corev1.Pod], Namespaced: true,
	Default:  Default,
	Validate: Validate, ValidateNew: ValidateNew, Warnings: Warnings,
})

// templates is a kind that holds a template.
var templates = api.Define(api.Kind[*corev1.PodTemplate]{
	GVK: corev1.SchemeGroupVersion.WithKind("PodTemplate"), New: api.New[corev1.PodTemplate], Namespaced: true,
	Default: func(o *corev1.PodTemplate) { DefaultTemplate(&o.Template) },
	Validate: func(o *corev1.PodTemplate) field.ErrorList {
		return ValidateTemplate(&o.Template, field.NewPath("template"))
	},
	Warnings: func(o *corev1.PodTemplate) []string { return TemplateWarnings(&o.Template, field.NewPath("template")) },
})

// one is all that a spec needs.
const one = `containers: [{name: a, image: i}]`

// judged is an object, and what is said of it.
type judged struct {
	kind *api.Resource
	text string
	want []string
}

// spec is a pod with this spec.
func spec(text string, want ...string) judged {
	return judged{pods, "metadata: {name: p, namespace: ns}\nspec: {" + text + "}", want}
}

// with is a pod with a good container, and more in its spec.
func with(text string, want ...string) judged { return spec(one+", "+text, want...) }

// container is a pod with one container, which has these fields. What is said
// is said of the container.
func container(text string, want ...string) judged {
	return spec("containers: [{name: a, image: i, "+text+"}]", within("spec.containers[0].", want)...)
}

// template is a template with this spec; what is said is said of the spec.
func template(text string, want ...string) judged {
	return judged{templates, "template: {spec: {" + text + "}}", within("template.spec.", want)}
}

func within(where string, want []string) []string {
	var all []string
	for _, w := range want {
		all = append(all, where+w)
	}
	return all
}

// judge holds what the rules say of each object against what they should.
func judge(t *testing.T, all ...judged) {
	t.Helper()
	for _, j := range all {
		t.Run(j.text, func(t *testing.T) {
			t.Helper()
			apitest.Refused(t, j.kind, j.text, j.want...)
		})
	}
}

// remarked is judge for warnings.
func remarked(t *testing.T, all ...judged) {
	t.Helper()
	for _, j := range all {
		t.Run(j.text, func(t *testing.T) {
			t.Helper()
			apitest.Warned(t, j.kind, j.text, j.want...)
		})
	}
}

func TestQOS(t *testing.T) {
	for spec, want := range map[string]corev1.PodQOSClass{
		`{containers: [{name: a}]}`: corev1.PodQOSBestEffort,
		`{containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}`:                                        corev1.PodQOSBestEffort,
		`{containers: [{name: a, resources: {requests: {cpu: 1}}}]}`:                                                 corev1.PodQOSBurstable,
		`{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}}}]}`:                                      corev1.PodQOSGuaranteed,
		`{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}, requests: {cpu: 1000m, memory: 1Mi}}}]}`: corev1.PodQOSGuaranteed,
		`{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}, requests: {cpu: 500m}}}]}`:               corev1.PodQOSBurstable,
		`{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}}}, {name: b}]}`:                           corev1.PodQOSBurstable,
		`{initContainers: [{name: i}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}}}]}`:         corev1.PodQOSBurstable,
		`{resources: {}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}}}]}`:                       corev1.PodQOSGuaranteed,
		`{resources: {requests: {cpu: 1}}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}}}]}`:     corev1.PodQOSBurstable,
		`{resources: {limits: {cpu: 1, memory: 1Mi}}, containers: [{name: a}]}`:                                      corev1.PodQOSGuaranteed,
		`{ephemeralContainers: [{name: e}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Mi}}}]}`:    corev1.PodQOSGuaranteed,
	} {
		if got := QOS(parse(t, spec)); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}

func TestPullPolicy(t *testing.T) {
	const digest = "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for image, want := range map[string]corev1.PullPolicy{
		"nginx":                      corev1.PullAlways,
		"nginx:latest":               corev1.PullAlways,
		"registry:5000/nginx":        corev1.PullAlways,
		"nginx:latest" + digest:      corev1.PullAlways,
		"nginx:1.27":                 corev1.PullIfNotPresent,
		"registry:5000/nginx:1.27":   corev1.PullIfNotPresent,
		"nginx" + digest:             corev1.PullIfNotPresent,
		"nginx:1.27" + digest:        corev1.PullIfNotPresent,
		"":                           corev1.PullIfNotPresent,
		"registry:5000/a/b:latest-1": corev1.PullIfNotPresent,
		"nginx:latest@sha256:aa":     corev1.PullIfNotPresent, // what does not parse
		"Nginx":                      corev1.PullIfNotPresent,
		" nginx":                     corev1.PullIfNotPresent,
	} {
		var got corev1.PullPolicy
		if defaultPullPolicy(&got, image); got != want {
			t.Errorf("%q: %s, want %s", image, got, want)
		}
	}
	given := corev1.PullNever
	if defaultPullPolicy(&given, "nginx"); given != corev1.PullNever {
		t.Errorf("what was given became %s", given)
	}
}

func TestMergeMatchLabelKeys(t *testing.T) {
	s := parse(t, `
topologySpreadConstraints: [{maxSkew: 1, matchLabelKeys: [hash, absent], labelSelector: {matchLabels: {a: b}}}]
affinity:
  podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, matchLabelKeys: [hash], labelSelector: {}}]}
  podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: z, mismatchLabelKeys: [hash], labelSelector: {}}}]}
containers: []
`)
	for range 2 { // a pod that is created from one that was read
		MergeMatchLabelKeys(s, map[string]string{"hash": "x"})
	}
	check := func(where string, got *metav1.LabelSelector, op metav1.LabelSelectorOperator) {
		t.Helper()
		want := []metav1.LabelSelectorRequirement{{Key: "hash", Operator: op, Values: []string{"x"}}}
		if !equality.Semantic.DeepEqual(got.MatchExpressions, want) {
			t.Errorf("%s: %v, want %v", where, got.MatchExpressions, want)
		}
	}
	a := s.Affinity
	check("spread", s.TopologySpreadConstraints[0].LabelSelector, metav1.LabelSelectorOpIn)
	check("affinity", a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector, metav1.LabelSelectorOpIn)
	check("anti-affinity", a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm.LabelSelector, metav1.LabelSelectorOpNotIn)
}
