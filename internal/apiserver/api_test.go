package apiserver_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/api"
	"skiff/internal/api/catalogue"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/authz"
)

func TestDiscovery(t *testing.T) {
	s := apitest.Start(t)
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			d := discovery.NewDiscoveryClientForConfigOrDie(config)
			groups, lists, err := d.ServerGroupsAndResources()
			if err != nil {
				t.Fatal(err)
			}
			if groups[0].Name != "" || groups[0].PreferredVersion.GroupVersion != "v1" {
				t.Errorf("the first group is %+v", groups[0])
			}
			served := map[string]metav1.APIResource{}
			for _, l := range lists {
				for _, r := range l.APIResources {
					served[l.GroupVersion+"/"+r.Name] = r
				}
			}
			for _, r := range catalogue.All() {
				if _, ok := served[r.GroupVersion().String()+"/"+r.Plural]; !ok {
					t.Errorf("%s is not discovered", r.GroupVersionResource())
				}
			}
			deploy := served["apps/v1/deployments"]
			if !slices.Contains(deploy.ShortNames, "deploy") || deploy.Kind != "Deployment" || !deploy.Namespaced || len(deploy.Verbs) != 8 {
				t.Errorf("deployments: %+v", deploy)
			}
			if scale := served["apps/v1/deployments/scale"]; scale.Group != "autoscaling" || scale.Kind != "Scale" {
				t.Errorf("deployments/scale: %+v", scale)
			}
			if eviction := served["v1/pods/eviction"]; eviction.Group != "policy" || eviction.Version != "v1" {
				t.Errorf("pods/eviction: %+v", eviction)
			}
			v, err := d.ServerVersion()
			if err != nil || v.Major != "1" || v.Minor != "37" {
				t.Errorf("version %+v, %v", v, err)
			}
		})
	}
	// The plain documents, as older clients read them.
	var pods metav1.APIResourceList
	_, body := raw(t, s.Admin(), "/api/v1", "")
	if err := json.Unmarshal([]byte(body), &pods); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(pods.APIResources, func(r metav1.APIResource) bool { return r.Name == "pods" })
	if i < 0 || pods.APIResources[i].StorageVersionHash != "xPOwRZ+Yhw8=" {
		t.Errorf("pods: %+v", pods.APIResources)
	}
	_, body = raw(t, s.Admin(), "/apis/autoscaling", "")
	if !strings.Contains(body, `"preferredVersion":{"groupVersion":"autoscaling/v2"`) {
		t.Errorf("autoscaling: %s", body)
	}
}

func TestDiscoveryIsNotSentTwice(t *testing.T) {
	s := apitest.Start(t)
	const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
	resp, body := raw(t, s.Admin(), "/apis", accept)
	if !strings.Contains(body, `"kind":"APIGroupDiscoveryList"`) || !strings.Contains(resp.Header.Get("Content-Type"), "as=APIGroupDiscoveryList") {
		t.Fatalf("%s: %.200s", resp.Header.Get("Content-Type"), body)
	}
	client, _ := rest.HTTPClientFor(s.Admin())
	r, _ := http.NewRequest("GET", s.Admin().Host+"/apis", nil)
	r.Header.Set("Accept", accept)
	r.Header.Set("If-None-Match", resp.Header.Get("ETag"))
	again, err := client.Do(r)
	if err != nil || again.StatusCode != http.StatusNotModified {
		t.Errorf("%v, %v", again.Status, err)
	}
}

func TestPaths(t *testing.T) {
	broken := errors.New("broken")
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.Checks = []apiserver.Check{{Name: "disk", Ready: true, Check: func(context.Context) error { return broken }}}
		c.Paths = map[string]http.Handler{"/openapi/v3/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "openapi") })}
	})
	tests := []struct {
		path string
		code int
		text string
	}{
		{"/livez", 200, "ok"},
		{"/livez?verbose", 200, "[+]ping ok\nlivez check passed\n"},
		{"/readyz", 500, "[-]disk failed: reason withheld\n"},
		{"/readyz?exclude=disk", 200, "ok"},
		{"/readyz?exclude=disk&verbose", 200, "[+]ping ok\n[+]disk excluded: ok\n[+]shutdown ok\nreadyz check passed\n"},
		{"/livez?exclude=disk&exclude=none&verbose", 200, "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for [\"disk\" \"none\"]\nlivez check passed\n"},
		{"/readyz/ping", 200, "ok"},
		{"/readyz/disk", 500, "internal server error: broken"},
		{"/readyz/none", 404, `"reason":"NotFound"`},
		{"/healthz", 500, "healthz check failed"},
		{"/version", 200, `"major": "1"`},
		{"/metrics", 200, `apiserver_request_total{code="200"`},
		{"/openapi/v3/apis/apps/v1", 200, "openapi"},
		{"/", 200, `"/apis/apps/v1"`},
		{"/nothing", 404, "the server could not find the requested resource"},
		{"/apis/none/v1/things", 404, `"kind":"Status"`},
		{"/api/v1/namespaces/default/pods/none", 404, `pods \"none\" not found`},
		{"/api/v1/namespaces/default/nodes", 404, `"kind":"Status"`},
		{"/api/v1/pods/none", 404, `"kind":"Status"`},
		{"/api/v1/namespaces/default/pods/none/nothing", 404, `"kind":"Status"`},
	}
	for _, tt := range tests {
		resp, body := raw(t, s.Admin(), tt.path, "")
		if resp.StatusCode != tt.code || !strings.Contains(body, tt.text) {
			t.Errorf("%s: %d %.300s; want %d with %q", tt.path, resp.StatusCode, body, tt.code, tt.text)
		}
	}
	resp, body := raw(t, s.Admin(), "/api/v1/namespaces/default/pods/none", "application/yaml")
	if resp.Header.Get("Content-Type") != "application/yaml" || !strings.Contains(body, "kind: Status") {
		t.Errorf("an error as YAML: %s", body)
	}
	resp, body = raw(t, s.Admin(), "/api/v1/pods", "text/html")
	if resp.StatusCode != 406 || !strings.Contains(body, "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf") {
		t.Errorf("%s: %s", resp.Status, body)
	}
	if resp, _ = raw(t, s.Admin(), "/api/v1/pods", "text/html,application/xhtml+xml,*/*;q=0.8"); resp.StatusCode != 200 || resp.Header.Get("Audit-Id") == "" {
		t.Errorf("a browser gets %s", resp.Status)
	}
}

// onlyPods lets bob read pods, and root do all.
type onlyPods struct{}

func (onlyPods) Authorize(_ context.Context, a authz.Attributes) (authz.Decision, string, error) {
	if a.User.Name == "root" || a.User.Name == "bob" && a.Resource == "pods" && a.Verb == "get" {
		return authz.Allow, "", nil
	}
	return authz.NoOpinion, "", nil
}

func TestForbidden(t *testing.T) {
	s := apitest.Start(t, apitest.WithAuthorizer(onlyPods{}))
	bob := kubernetes.NewForConfigOrDie(s.Config("bob"))
	if _, err := bob.CoreV1().Pods("n").Get(t.Context(), "x", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("what bob may: %v", err)
	}
	tests := []struct {
		do   func() error
		text string
	}{
		{func() error {
			_, err := bob.CoreV1().Secrets("n").Get(t.Context(), "x", metav1.GetOptions{})
			return err
		},
			`secrets "x" is forbidden: User "bob" cannot get resource "secrets" in API group "" in the namespace "n"`},
		{func() error {
			_, err := bob.AppsV1().Deployments("").List(t.Context(), metav1.ListOptions{})
			return err
		},
			`deployments.apps is forbidden: User "bob" cannot list resource "deployments" in API group "apps" at the cluster scope`},
		{func() error { return bob.CoreV1().Pods("n").Delete(t.Context(), "x", metav1.DeleteOptions{}) },
			`pods "x" is forbidden: User "bob" cannot delete resource "pods" in API group "" in the namespace "n"`},
	}
	for _, tt := range tests {
		if err := tt.do(); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("got %v; want %q", err, tt.text)
		}
	}
}

func TestForbiddenPath(t *testing.T) {
	s := apitest.Start(t, apitest.WithAuthorizer(onlyPods{}))
	resp, body := raw(t, s.Config("bob"), "/version", "")
	if resp.StatusCode != 403 || !strings.Contains(body, `forbidden: User \"bob\" cannot get path \"/version\"`) {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

func TestImpersonation(t *testing.T) {
	s := apitest.Start(t, apitest.WithAuthorizer(onlyPods{}))
	as := func(user string) kubernetes.Interface {
		config := rest.CopyConfig(s.Config(user))
		config.Impersonate = rest.ImpersonationConfig{UserName: "bob", Groups: []string{"g"}}
		return kubernetes.NewForConfigOrDie(config)
	}
	if _, err := as("root").CoreV1().Pods("n").Get(t.Context(), "x", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("root as bob: %v", err)
	}
	if _, err := as("root").CoreV1().Secrets("n").Get(t.Context(), "x", metav1.GetOptions{}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "bob"`) {
		t.Errorf("root as bob: %v", err)
	}
	if _, err := as("eve").CoreV1().Pods("n").Get(t.Context(), "x", metav1.GetOptions{}); !apierrors.IsForbidden(err) ||
		!strings.Contains(err.Error(), `User "eve" cannot impersonate resource "users" in API group ""`) {
		t.Errorf("eve as bob: %v", err)
	}
}

func TestTheNetworkCannotNameAUser(t *testing.T) {
	s := apitest.Start(t)
	config := s.Listen("admin")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := client.Get(config.Host + "/api/v1/pods")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(string(body), `"message":"Unauthorized"`) {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

// stamp is a plug-in that labels what is created and refuses the name "no".
type stamp struct{}

func (stamp) Name() string { return "stamp" }

func (stamp) Admit(_ context.Context, r *admission.Request) error {
	if o, ok := r.Object.(metav1.Object); ok && r.Operation == admission.Create {
		o.SetLabels(map[string]string{"by": r.User.Name, "in": r.Namespace})
		r.Warn("stamped")
	}
	return nil
}

func (stamp) Validate(_ context.Context, r *admission.Request) error {
	if r.Name == "no" {
		return apierrors.NewForbidden(r.Resource.GroupResource(), r.Name, errors.New("no means no"))
	}
	return nil
}

func TestAdmission(t *testing.T) {
	s := apitest.Start(t, func(c *apiserver.Config) { c.Admission = []admission.Plugin{stamp{}} })
	seen := &warnings{}
	config := rest.CopyConfig(s.Config("bob"))
	config.WarningHandler = seen
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	made, err := c.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "yes"}}, metav1.CreateOptions{})
	if err != nil || made.Labels["by"] != "bob" || made.Labels["in"] != "default" || !slices.Equal(seen.texts, []string{"stamped"}) {
		t.Errorf("%+v, %v, warned of %q", made, err, seen.texts)
	}
	_, err = c.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "no"}}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "no means no") {
		t.Errorf("%v", err)
	}
}

func TestHooks(t *testing.T) {
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.Connects = map[apiserver.SubresourceKey]apiserver.ConnectFunc{
			{Resource: "pods", Subresource: "log"}: func(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
				if c.Name == "none" {
					return apierrors.NewNotFound(c.GroupResource(), c.Name)
				}
				_, err := io.WriteString(w, "log of "+c.Namespace+"/"+c.Name)
				return err
			},
		}
		c.Creates = map[apiserver.SubresourceKey]apiserver.CreateFunc{
			{Resource: "pods", Subresource: "binding"}: func(ctx context.Context, c *apiserver.Call, body api.Object) (runtime.Object, error) {
				_, err := c.Server.Mutate(ctx, c.Target, c.Namespace, c.Name, c.DryRun, func(o api.Object) error {
					o.(*corev1.Pod).Spec.NodeName = body.(*corev1.Binding).Target.Name
					return nil
				})
				return &metav1.Status{Status: metav1.StatusSuccess, Code: http.StatusCreated}, err
			},
		}
		c.Reviews = map[schema.GroupResource]apiserver.ReviewFunc{
			{Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"}: func(_ context.Context, c *apiserver.Call, o api.Object) (api.Object, error) {
				o.(*authorizationv1.SelfSubjectAccessReview).Status.Allowed = c.User.Name == "bob"
				return o, nil
			},
		}
	})
	c := kubernetes.NewForConfigOrDie(s.Config("bob"))
	text, err := c.CoreV1().Pods("n").GetLogs("p", &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil || string(text) != "log of n/p" {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := c.CoreV1().Pods("n").GetLogs("none", &corev1.PodLogOptions{}).DoRaw(t.Context()); !apierrors.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	if _, err := c.CoreV1().Pods("n").Create(t.Context(), pod("p"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.CoreV1().Pods("n").Bind(t.Context(), &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: corev1.ObjectReference{Kind: "Node", Name: "n1"}}, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
	if p, err := c.CoreV1().Pods("n").Get(t.Context(), "p", metav1.GetOptions{}); err != nil || p.Spec.NodeName != "n1" {
		t.Errorf("%+v, %v", p, err)
	}
	review, err := c.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods"}},
	}, metav1.CreateOptions{})
	if err != nil || !review.Status.Allowed {
		t.Errorf("%+v, %v", review, err)
	}
}

func TestDynamicClients(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 2)
	d := dynamic.NewForConfigOrDie(s.Listen("admin")).Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace("default")
	l, err := d.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(l.Items) != 2 || l.Items[0].GetKind() != "ConfigMap" || l.Items[0].GetAPIVersion() != "v1" {
		t.Fatalf("%+v, %v", l, err)
	}
	one := l.Items[0]
	one.SetAnnotations(map[string]string{"a": "b"})
	got, err := d.Update(t.Context(), &one, metav1.UpdateOptions{})
	if err != nil || got.GetAnnotations()["a"] != "b" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestViewsOfOneKind(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin())
	if _, err := c.CoreV1().Events("default").Create(t.Context(), &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "e"}, InvolvedObject: corev1.ObjectReference{Namespace: "default", Kind: "Pod", Name: "p"}, Message: "hello",
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	e, err := c.EventsV1().Events("default").Get(t.Context(), "e", metav1.GetOptions{})
	if err != nil || e.Note != "hello" || e.Regarding.Name != "p" || e.ResourceVersion == "" {
		t.Errorf("%+v, %v", e, err)
	}
	l, err := c.EventsV1().Events("").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(l.Items) != 1 || l.Items[0].Note != "hello" {
		t.Errorf("%+v, %v", l, err)
	}
}
