package apiserver_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/api/core"
	"skiff/internal/apiserver/apitest"
)

// warnings collects the Warning headers that a client receives.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

func TestUseOfWhatIsDeprecatedIsWarnedOf(t *testing.T) {
	s := apitest.Start(t)
	seen := &warnings{}
	config := rest.CopyConfig(s.Admin())
	config.WarningHandler = seen
	core := kubernetes.NewForConfigOrDie(config).CoreV1()
	if _, err := core.Services("default").List(t.Context(), metav1.ListOptions{}); err != nil || len(seen.texts) > 0 {
		t.Errorf("Services: warned of %q, %v", seen.texts, err)
	}
	if _, err := core.Endpoints("default").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Error(err)
	}
	want := "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
	if !slices.Equal(seen.texts, []string{want}) {
		t.Errorf("Endpoints: warned of %q", seen.texts)
	}
}

// A kind remarks on what is stored: on a new object, on what an update brings,
// on a part; not on what is refused anyway.
func TestRemarksAreOnWhatIsStored(t *testing.T) {
	s := apitest.Start(t)
	seen := &warnings{}
	config := rest.CopyConfig(s.Admin())
	config.WarningHandler = seen
	core := kubernetes.NewForConfigOrDie(config).CoreV1()
	expect := func(what string, err error, want ...string) {
		t.Helper()
		if !slices.Equal(seen.texts, want) {
			t.Errorf("%s: warned of %q, want %q; %v", what, seen.texts, want, err)
		}
		seen.texts = nil
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeLoadBalancer, ClusterIP: "fd00:0::1", ExternalName: "a", Ports: []corev1.ServicePort{{Port: 80, Protocol: "ICMP"}},
	}}
	_, err := core.Services("default").Create(t.Context(), service, metav1.CreateOptions{})
	expect("what is refused", err)
	service.Spec.Ports[0].Protocol = corev1.ProtocolTCP
	made, err := core.Services("default").Create(t.Context(), service, metav1.CreateOptions{})
	const ip = `spec.clusterIPs[0]: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")`
	expect("a new object", err, ip, `spec.externalName is ignored when spec.type is not "ExternalName"`)
	made.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "fd00:0::2"}}
	_, err = core.Services("default").UpdateStatus(t.Context(), made, metav1.UpdateOptions{})
	expect("a part", err, `status.loadBalancer.ingress[0]: IPv6 address "fd00:0::2" should be in RFC 5952 canonical format ("fd00::2")`)

	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	_, err = core.ServiceAccounts("default").Create(t.Context(), account, metav1.CreateOptions{})
	expect("a plain account", err)
	account.Annotations = map[string]string{"kubernetes.io/enforce-mountable-secrets": "true"}
	_, err = core.ServiceAccounts("default").Update(t.Context(), account, metav1.UpdateOptions{})
	expect("what an update brings", err, "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets")
	account.Labels = map[string]string{"a": "b"}
	_, err = core.ServiceAccounts("default").Update(t.Context(), account, metav1.UpdateOptions{})
	expect("what was there", err)
}

func TestFieldValidation(t *testing.T) {
	s := apitest.Start(t)
	seen := &warnings{}
	config := rest.CopyConfig(s.Admin())
	config.WarningHandler = seen
	client := kubernetes.NewForConfigOrDie(config).CoreV1().RESTClient()
	post := func(validation, contentType, body string) error {
		return client.Post().Namespace("default").Resource("configmaps").Param("fieldValidation", validation).
			SetHeader("Content-Type", contentType).Body([]byte(body)).Do(t.Context()).Error()
	}
	const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"c","foo":1},"data":{"a":"1","a":"2"},"bar":2}`
	err := post("Strict", "application/json", body)
	want := `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: `
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `unknown field "bar"`) ||
		!strings.Contains(err.Error(), `unknown field "metadata.foo"`) || !strings.Contains(err.Error(), `duplicate field "data.a"`) {
		t.Errorf("strict: %v", err)
	}
	if err := post("Warn", "application/json", body); err != nil {
		t.Error(err)
	}
	if all := strings.Join(seen.texts, "; "); !strings.Contains(all, `unknown field "bar"`) || !strings.Contains(all, `duplicate field "data.a"`) {
		t.Errorf("warned of %q", all)
	}
	seen.texts = nil
	if err := post("Ignore", "application/json", body); err != nil || len(seen.texts) > 0 {
		t.Errorf("%v, warned of %q", err, seen.texts)
	}
	if err := post("Strict", "application/yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yam}\nfoo: 1\n"); err == nil || !strings.Contains(err.Error(), `unknown field "foo"`) {
		t.Errorf("strict YAML: %v", err)
	}
	const twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: yam}\nfoo: 1\ndata: {a: x}\ndata: {a: x, a: z}\n"
	if err := post("Strict", "application/yaml", twice); err == nil || !strings.HasSuffix(err.Error(), "strict decoding error: yaml: unmarshal errors:\n"+
		"  line 6: key \"a\" already set in map\n  line 6: key \"data\" already set in map, unknown field \"foo\"") {
		t.Errorf("strict YAML: %v", err)
	}
	seen.texts = nil
	want = `line 6: key "a" already set in map; line 6: key "data" already set in map; unknown field "foo"`
	if err := post("Warn", "application/yaml", twice); err != nil || strings.Join(seen.texts, "; ") != want {
		t.Errorf("%v, warned of %q, want %q", err, seen.texts, want)
	}
	if err := post("Sometimes", "application/json", body); !apierrors.IsInvalid(err) {
		t.Errorf("fieldValidation=Sometimes: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	s := apitest.Start(t)
	client := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().RESTClient()
	post := func(contentType, body string) error {
		return client.Post().Namespace("default").Resource("configmaps").SetHeader("Content-Type", contentType).Body([]byte(body)).Do(t.Context()).Error()
	}
	tests := []struct {
		name, contentType, body string
		reason                  metav1.StatusReason
		text                    string
	}{
		{"other kind", "application/json", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}`, metav1.StatusReasonBadRequest, `Pod in version "v1" cannot be handled as a ConfigMap`},
		{"other version", "application/json", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"}}`, metav1.StatusReasonBadRequest, "the API version in the data (apps/v1) does not match the expected API version (v1)"},
		{"unknown kind", "application/json", `{"apiVersion":"v1","kind":"Foo"}`, metav1.StatusReasonBadRequest, `no kind "Foo" is registered for version "v1"`},
		{"no JSON", "application/json", `nonsense`, metav1.StatusReasonBadRequest, "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind"},
		{"empty", "application/json", ``, metav1.StatusReasonBadRequest, "ConfigMap"},
		{"other namespace", "application/json", `{"metadata":{"name":"x","namespace":"other"}}`, metav1.StatusReasonBadRequest, "the namespace of the provided object does not match the namespace sent on the request"},
		{"no name", "application/json", `{}`, metav1.StatusReasonInvalid, "metadata.name: Required value: name or generateName is required"},
		{"bad name", "application/json", `{"metadata":{"name":"A_b"}}`, metav1.StatusReasonInvalid, `metadata.name: Invalid value: "A_b"`},
		{"media type", "text/plain", `x`, metav1.StatusReasonUnsupportedMediaType, "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"},
		{"too large", "application/json", `{"data":{"a":"` + strings.Repeat("x", 3<<20) + `"}}`, metav1.StatusReasonRequestEntityTooLarge, "Request entity too large: limit is 3145728"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := post(tt.contentType, tt.body)
			if err == nil || apierrors.ReasonForError(err) != tt.reason || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %q: %v; want %q with %q", apierrors.ReasonForError(err), err, tt.reason, tt.text)
			}
		})
	}
}

func TestUpdateKeepsWhatTheSystemSays(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	ctx := t.Context()
	made, err := c.Create(ctx, deployment("d"), metav1.CreateOptions{})
	if err != nil || made.Generation != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	again, err := c.Update(ctx, made, metav1.UpdateOptions{})
	if err != nil || again.ResourceVersion != made.ResourceVersion {
		t.Errorf("an update that changes nothing is a write: %v", err)
	}
	odd := made.DeepCopy()
	odd.Generation, odd.CreationTimestamp, odd.Status.Replicas, odd.Labels = 7, metav1.Time{}, 9, map[string]string{"a": "b"}
	got, err := c.Update(ctx, odd, metav1.UpdateOptions{})
	if err != nil || got.Generation != 1 || !got.CreationTimestamp.Equal(&made.CreationTimestamp) || got.Status.Replicas != 0 || got.Labels["a"] != "b" {
		t.Errorf("%+v, %v", got, err)
	}
	got.Spec.Paused = true
	if got, err = c.Update(ctx, got, metav1.UpdateOptions{}); err != nil || got.Generation != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	got.Spec.Paused, got.Status.Replicas = false, 3
	status, err := c.UpdateStatus(ctx, got, metav1.UpdateOptions{})
	if err != nil || !status.Spec.Paused || status.Status.Replicas != 3 || status.Generation != 2 {
		t.Errorf("update of the status: %+v, %v", status, err)
	}
	if _, err := c.UpdateStatus(ctx, got, metav1.UpdateOptions{}); !apierrors.IsConflict(err) ||
		!strings.Contains(err.Error(), `Operation cannot be fulfilled on deployments.apps "d": the object has been modified; please apply your changes to the latest version and try again`) {
		t.Errorf("conflict: %v", err)
	}
	got.Name = "e"
	err = kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().RESTClient().Put().Namespace("default").Resource("deployments").Name("d").Body(got).Do(ctx).Error()
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "the name of the object (e) does not match the name on the URL (d)") {
		t.Errorf("other name: %v", err)
	}
}

// What was stored before a rule came is not in the way of updates that leave it
// as it is; who changes a spec has to bring all of it in order.
func TestSpecsThatAreKeptAreNotJudgedAgain(t *testing.T) {
	s := apitest.Start(t)
	ctx := t.Context()
	old := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default", UID: "1", Generation: 1}}
	old.Spec.Containers = []corev1.Container{{Name: "No_Label", Image: "a"}}
	core.Pod.Default(old)
	old.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	if _, err := s.Store.Table(core.Pod).Create(ctx, old); err != nil {
		t.Fatal(err)
	}
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
	patch := func(text string) error {
		_, err := c.Patch(ctx, "p", types.MergePatchType, []byte(text), metav1.PatchOptions{})
		return err
	}
	if err := patch(`{"metadata":{"labels":{"a":"b"}}}`); err != nil {
		t.Errorf("a label: %v", err)
	}
	for text, want := range map[string]string{
		`{"metadata":{"labels":{"a b":"c"}}}`:                                             "metadata.labels: Invalid value",
		`{"metadata":{"annotations":{"controller.kubernetes.io/pod-deletion-cost":"x"}}}`: "must be a 32bit integer",
		`{"spec":{"activeDeadlineSeconds":5}}`:                                            "spec.containers[0].name: Invalid value",
	} {
		if err := patch(text); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Of writes that do not insist on a resourceVersion, none is refused because
// others came in between, however many there are.
func TestWritesThatDoNotInsistAllGetThrough(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	if _, err := c.Create(t.Context(), deployment("d"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	const writers, each = 24, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				_, err := c.Patch(t.Context(), "d", types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{"k%d-%d":"x"}}}`, w, i), metav1.PatchOptions{})
				if err != nil {
					t.Errorf("patch: %v", err)
				}
				scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: autoscalingv1.ScaleSpec{Replicas: int32(w*each + i)}}
				if _, err := c.UpdateScale(t.Context(), "d", scale, metav1.UpdateOptions{}); err != nil {
					t.Errorf("scale: %v", err)
				}
			}
		})
	}
	wg.Wait()
	got, err := c.Get(t.Context(), "d", metav1.GetOptions{})
	if err != nil || len(got.Annotations) != writers*each {
		t.Errorf("%d annotations, %v; want %d", len(got.Annotations), err, writers*each)
	}
}

// The generation of a Pod counts what its subresources change of the spec, and
// nothing else.
func TestSubresourcesOfTheSpecCountAsGenerations(t *testing.T) {
	s := apitest.Start(t)
	pods := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
	ctx := t.Context()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		subresource, patch string
		want               int64
	}{
		{"status", `{"status":{"phase":"Running"}}`, 1},
		{"ephemeralcontainers", `{"spec":{"ephemeralContainers":[{"name":"d","image":"i"}]}}`, 2},
		{"ephemeralcontainers", `{"metadata":{"labels":{"a":"b"}}}`, 2},
	} {
		got, err := pods.Patch(ctx, "p", types.StrategicMergePatchType, []byte(step.patch), metav1.PatchOptions{}, step.subresource)
		if err != nil || got.Generation != step.want {
			t.Errorf("%s %s: generation %d, want %d (%v)", step.subresource, step.patch, got.Generation, step.want, err)
		}
	}
}
