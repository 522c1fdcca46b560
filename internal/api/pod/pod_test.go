package pod

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func parse(t *testing.T, text string) *corev1.PodSpec {
	t.Helper()
	s := &corev1.PodSpec{}
	if err := yaml.UnmarshalStrict([]byte(text), s); err != nil {
		t.Fatal(err)
	}
	return s
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
