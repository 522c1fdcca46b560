package quota

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func parse[T any](t *testing.T, text string) *T {
	t.Helper()
	o := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), o); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return o
}

func amounts(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

const asks = `{containers: [{name: c, resources: {requests: {cpu: 100m, memory: 64Mi, ephemeral-storage: 1Gi, example.com/gpu: 2}, limits: {cpu: "1", memory: 128Mi, example.com/gpu: 2}}}]}`

func TestUsage(t *testing.T) {
	pod := parse[corev1.Pod](t, `{spec: `+asks+`}`)
	ended, late := pod.DeepCopy(), pod.DeepCopy()
	ended.Status.Phase = corev1.PodSucceeded
	late.DeletionTimestamp, late.DeletionGracePeriodSeconds = &metav1.Time{Time: noon.Add(-time.Minute)}, ptr.To(int64(30))
	for name, c := range map[string]struct {
		gr   schema.GroupResource
		obj  api.Object
		want string
	}{
		"pod": {pods, pod, "count/pods=1,cpu=100m,ephemeral-storage=1Gi,limits.cpu=1,limits.memory=128Mi,memory=64Mi,pods=1," +
			"requests.cpu=100m,requests.ephemeral-storage=1Gi,requests.example.com/gpu=2,requests.memory=64Mi"},
		"ended pod":                     {pods, ended, "count/pods=1"},
		"pod that overstays its grace":  {pods, late, "count/pods=1"},
		"service":                       {services, parse[corev1.Service](t, `{spec: {type: NodePort, ports: [{port: 1}, {port: 2}]}}`), "count/services=1,services=1,services.loadbalancers=0,services.nodeports=2"},
		"balanced service":              {services, parse[corev1.Service](t, `{spec: {type: LoadBalancer, ports: [{port: 1}]}}`), "count/services=1,services=1,services.loadbalancers=1,services.nodeports=1"},
		"balanced service with no port": {services, parse[corev1.Service](t, `{spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 1}, {port: 2, nodePort: 30000}]}}`), "count/services=1,services=1,services.loadbalancers=1,services.nodeports=1"},
		"claim": {claims, parse[corev1.PersistentVolumeClaim](t, `{spec: {storageClassName: gold, resources: {requests: {storage: 1Gi}}}}`),
			"count/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=1Gi,persistentvolumeclaims=1,requests.storage=1Gi"},
		"secret":     {schema.GroupResource{Resource: "secrets"}, &corev1.Secret{}, "count/secrets=1,secrets=1"},
		"deployment": {schema.GroupResource{Group: "apps", Resource: "deployments"}, &metav1.PartialObjectMetadata{}, "count/deployments.apps=1"},
	} {
		if got := printed(Usage(c.gr, c.obj, noon)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestScopes(t *testing.T) {
	cheap := parse[corev1.Pod](t, `{spec: {activeDeadlineSeconds: 5, containers: [{name: c}]}}`)
	high := parse[corev1.Pod](t, `{spec: {priorityClassName: high, affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: k, namespaces: [x]}]}}, containers: [{name: c, resources: {requests: {cpu: 1}}}]}}`)
	for text, want := range map[string][2]bool{
		`{}`:                                    {true, true},
		`{scopes: [Terminating]}`:               {true, false},
		`{scopes: [NotTerminating]}`:            {false, true},
		`{scopes: [BestEffort]}`:                {true, false},
		`{scopes: [NotBestEffort]}`:             {false, true},
		`{scopes: [PriorityClass]}`:             {false, true},
		`{scopes: [CrossNamespacePodAffinity]}`: {false, true},
		`{scopes: [Terminating, BestEffort]}`:   {true, false},
		`{scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]}}`:    {false, true},
		`{scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [high]}]}}`: {true, false},
		`{scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: DoesNotExist}]}}`:          {true, false},
	} {
		q := &corev1.ResourceQuota{Spec: *parse[corev1.ResourceQuotaSpec](t, text)}
		q.Status.Hard = amounts("pods", "1")
		if got := [2]bool{Covers(q, pods, cheap), Covers(q, pods, high)}; got != want {
			t.Errorf("%s covers %v, want %v", text, got, want)
		}
		if Covers(q, services, &corev1.Service{}) {
			t.Errorf("%s covers a Service", text)
		}
	}
	scoped := &corev1.ResourceQuota{Spec: corev1.ResourceQuotaSpec{Scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}}}
	scoped.Status.Hard = amounts("services", "1")
	if Covers(scoped, services, &corev1.Service{}) {
		t.Error("a Service lies in a scope of pods")
	}
}

func TestCharge(t *testing.T) {
	pod := parse[corev1.Pod](t, `{spec: `+asks+`}`)
	for want, q := range map[string]*corev1.ResourceQuota{
		"limits.memory=128Mi,pods=1": {Status: corev1.ResourceQuotaStatus{Hard: amounts("pods", "2", "limits.memory", "1Gi", "services", "0"), Used: amounts("pods", "1", "limits.memory", "0", "services", "0")}},
		"exceeded quota: q, requested: cpu=100m,pods=1, used: cpu=950m,pods=2, limited: cpu=1,pods=2": {Status: corev1.ResourceQuotaStatus{
			Hard: amounts("pods", "2", "cpu", "1", "memory", "1Gi"), Used: amounts("pods", "2", "cpu", "950m", "memory", "0")}},
		"status unknown for quota: q, resources: memory,pods": {Status: corev1.ResourceQuotaStatus{Hard: amounts("pods", "2", "memory", "1Gi")}},
		"": {Status: corev1.ResourceQuotaStatus{Hard: amounts("secrets", "0")}},
	} {
		q.Name = "q"
		share, err := Charge(q, Change{Resource: pods, Object: pod}, noon)
		got := printed(share)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "q"}, Status: corev1.ResourceQuotaStatus{Hard: amounts("cpu", "1", "limits.memory", "1Gi")}}
	lax := parse[corev1.Pod](t, `{spec: {initContainers: [{name: i}], containers: [{name: c, resources: {requests: {cpu: 1}}}, {name: a}]}}`)
	if _, err := Charge(q, Change{Resource: pods, Object: lax}, noon); err == nil || err.Error() != "failed quota: q: must specify cpu for: a,i; limits.memory for: a,c,i" {
		t.Error(err)
	}
	grown := parse[corev1.Service](t, `{spec: {type: NodePort, ports: [{port: 1}, {port: 2}]}}`)
	q.Status = corev1.ResourceQuotaStatus{Hard: amounts("services", "1", "services.nodeports", "2"), Used: amounts("services", "1", "services.nodeports", "1")}
	share, err := Charge(q, Change{Resource: services, Object: grown, Old: parse[corev1.Service](t, `{spec: {type: NodePort, ports: [{port: 1}]}}`)}, noon)
	if err != nil || printed(share) != "services.nodeports=1" {
		t.Errorf("%s, %v", printed(share), err)
	}
}

func TestStatus(t *testing.T) {
	q := &corev1.ResourceQuota{Spec: corev1.ResourceQuotaSpec{Hard: amounts("pods", "5", "requests.memory", "1Gi", "count/deployments.apps", "2", "services", "1")}}
	pod := parse[corev1.Pod](t, `{spec: `+asks+`}`)
	deployments := schema.GroupResource{Group: "apps", Resource: "deployments"}
	s := Status(q, noon, func(gr schema.GroupResource, f func(api.Object)) {
		switch gr {
		case pods:
			f(pod)
			f(pod)
		case deployments:
			f(&metav1.PartialObjectMetadata{})
		}
	})
	if got, want := printed(s.Used), "count/deployments.apps=1,pods=2,requests.memory=128Mi,services=0"; got != want || len(s.Hard) != 4 {
		t.Errorf("%s, want %s", got, want)
	}
	if left := printed(Without(s.Used, amounts("pods", "3", "requests.memory", "64Mi", "x", "1"))); !strings.Contains(left, "pods=0,requests.memory=64Mi") {
		t.Error(left)
	}
}
