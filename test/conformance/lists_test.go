package conformance

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/apiserver/apitest"
)

// Which options of lists and watches go together, as the API reference has it.
func TestListOptionsThatDoNotFit(t *testing.T) {
	a := start(t)
	for _, tt := range []struct {
		query string
		code  int
		text  string
	}{
		{"resourceVersionMatch=Exact", http.StatusUnprocessableEntity, "resourceVersionMatch is forbidden unless resourceVersion is provided"},
		{"resourceVersion=0&resourceVersionMatch=Exact", http.StatusUnprocessableEntity, `resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"`},
		{"resourceVersion=1&resourceVersionMatch=Newer", http.StatusUnprocessableEntity, "supported values"},
		{"resourceVersion=1&continue=x&resourceVersionMatch=Exact", http.StatusUnprocessableEntity, "resourceVersionMatch is forbidden when continue is provided"},
		{"watch=1&resourceVersion=1&resourceVersionMatch=Exact", http.StatusUnprocessableEntity, "resourceVersionMatch"},
		{"watch=1&sendInitialEvents=true", http.StatusUnprocessableEntity, "sendInitialEvents"},
		{"sendInitialEvents=true&resourceVersionMatch=NotOlderThan", http.StatusUnprocessableEntity, "sendInitialEvents is forbidden for list"},
		{"continue=nonsense", http.StatusBadRequest, "continue key is not valid"},
		{"resourceVersion=x", http.StatusUnprocessableEntity, "resourceVersion"},
		{"labelSelector=a%20in%20b", http.StatusBadRequest, "unable to parse"},
		{"fieldSelector=data%3Dx", http.StatusBadRequest, "not a known field selector"},
		{"limit=x", http.StatusBadRequest, "invalid syntax"},
	} {
		code, text := a.call(t, http.MethodGet, "/api/v1/configmaps?"+tt.query, nil)
		if code != tt.code || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %d %s; want %d %s", tt.query, code, text, tt.code, tt.text)
		}
	}
}

// What is written between the pages of a list is not in them.
func TestPagesAreOfOneMoment(t *testing.T) {
	const total, limit = 20, 6
	ctx, a := t.Context(), start(t)
	c := a.kube.CoreV1().PodTemplates("default")
	templates(t, c, total)
	page, err := c.List(ctx, metav1.ListOptions{Limit: limit})
	need(t, err)
	need(t, c.Delete(ctx, "template-0010", metav1.DeleteOptions{}))
	_, err = c.Create(ctx, &corev1.PodTemplate{ObjectMeta: metav1.ObjectMeta{Name: "template-0012-late"}, Template: corev1.PodTemplateSpec{Spec: simplePod("").Spec}}, metav1.CreateOptions{})
	need(t, err)
	names := map[string]bool{}
	for revision := page.ResourceVersion; ; {
		for _, o := range page.Items {
			names[o.Name] = true
		}
		if page.ResourceVersion != revision {
			t.Errorf("a page is of %s, the first of %s", page.ResourceVersion, revision)
		}
		if page.Continue == "" {
			break
		}
		page, err = c.List(ctx, metav1.ListOptions{Limit: limit, Continue: page.Continue})
		need(t, err)
	}
	if len(names) != total || !names["template-0010"] || names["template-0012-late"] {
		t.Errorf("the pages have %v", names)
	}
}

// An informer that was away while history was cut has, in the end, what there
// is: it misses nothing and keeps nothing that is gone.
func TestInformersSurviveCompaction(t *testing.T) {
	kube, compact := compactable(t)
	ctx := t.Context()
	c := kube.CoreV1().PodTemplates("default")
	templates(t, c, 10)
	old, err := c.List(ctx, metav1.ListOptions{})
	need(t, err)
	need(t, c.Delete(ctx, "template-0003", metav1.DeleteOptions{}))
	made, err := c.Create(ctx, &corev1.PodTemplate{ObjectMeta: metav1.ObjectMeta{Name: "new"}, Template: corev1.PodTemplateSpec{Spec: simplePod("").Spec}}, metav1.CreateOptions{})
	need(t, err)
	compact(made.ResourceVersion)
	_, err = c.List(ctx, metav1.ListOptions{}) // the cache has gone beyond, and can no longer tell
	need(t, err)

	// A list of the old moment is gone, for good.
	_, err = c.List(ctx, metav1.ListOptions{ResourceVersion: old.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	if status, ok := err.(interface{ Status() metav1.Status }); !ok || status.Status().Code != http.StatusGone {
		t.Errorf("a list of what is compacted away: %v", err)
	}
	templates := cache.NewListWatchFromClient(kube.CoreV1().RESTClient(), "podtemplates", metav1.NamespaceAll, fields.Everything())
	informer := cache.NewSharedIndexInformer(templates, &corev1.PodTemplate{}, 0, cache.Indexers{})
	var running sync.WaitGroup
	defer running.Wait()
	following, stop := context.WithCancel(ctx)
	defer stop()
	running.Go(func() { informer.RunWithContext(following) })
	<-informer.HasSyncedChecker().Done()
	need(t, c.Delete(ctx, "template-0004", metav1.DeleteOptions{}))
	last, err := c.List(ctx, metav1.ListOptions{})
	need(t, err)
	compact(last.ResourceVersion)
	apitest.Eventually(t, "the informer has what there is", func(context.Context) bool {
		keys := informer.GetStore().ListKeys()
		_, gone, _ := informer.GetStore().GetByKey("default/template-0004")
		return len(keys) == len(last.Items) && !gone
	})
}
