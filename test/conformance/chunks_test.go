package conformance

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	v1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/store"
)

// compactable is a server over an etcd that the test can compact.
func compactable(t *testing.T) (kube kubernetes.Interface, compact func(revision string)) {
	t.Helper()
	apitest.Start(t)                     // the first one tunes etcd, which must not run yet
	dir, err := os.MkdirTemp("", "etcd") // a socket's path must be short
	need(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := embed.NewConfig()
	c.Dir, c.LogLevel, c.TickMs, c.ElectionMs = filepath.Join(dir, "data"), "panic", 20, 100
	socket := url.URL{Scheme: "unix", Path: filepath.Join(dir, "s")}
	peers := url.URL{Scheme: "unix", Path: filepath.Join(dir, "p")}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{socket}, []url.URL{socket}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peers}, []url.URL{peers}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	etcd, err := embed.StartEtcd(c)
	need(t, err)
	t.Cleanup(etcd.Close)
	<-etcd.Server.ReadyNotify()
	st, err := store.Open(t.Context(), store.Config{Endpoints: []string{socket.String()}})
	need(t, err)
	t.Cleanup(st.Close)
	s := apitest.Start(t, func(c *apiserver.Config) { c.Store = st })
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{socket.String()}, Context: t.Context()})
	need(t, err)
	t.Cleanup(func() { client.Close() })
	return kubernetes.NewForConfigOrDie(s.Admin()), func(revision string) {
		t.Helper()
		n, err := strconv.ParseInt(revision, 10, 64)
		need(t, err)
		_, err = client.Compact(t.Context(), n)
		need(t, err)
	}
}

func templates(t *testing.T, c v1.PodTemplateInterface, n int) {
	t.Helper()
	for i := range n {
		_, err := c.Create(t.Context(), &corev1.PodTemplate{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("template-%04d", i)}, Template: corev1.PodTemplateSpec{Spec: simplePod("").Spec},
		}, metav1.CreateOptions{})
		need(t, err)
	}
}

// follow reads the pages behind l, each as long as the limit allows, of one
// revision, and with what remains said; it returns how many items they have.
func follow(t *testing.T, c v1.PodTemplateInterface, l *corev1.PodTemplateList, limit int64, seen, total int) int {
	t.Helper()
	revision := l.ResourceVersion
	for {
		seen += len(l.Items)
		rest := total - seen
		if int64(len(l.Items)) > limit || l.ResourceVersion != revision || (l.RemainingItemCount != nil) != (rest > 0) ||
			rest > 0 && *l.RemainingItemCount != int64(rest) {
			t.Fatalf("%d items of revision %s, remaining %v; want %d of %s", len(l.Items), l.ResourceVersion, l.RemainingItemCount, rest, revision)
		}
		if l.Continue == "" {
			return seen
		}
		var err error
		l, err = c.List(t.Context(), metav1.ListOptions{Limit: limit, Continue: l.Continue})
		need(t, err)
	}
}

func TestChunks(t *testing.T) {
	const total, limit = 40, 7
	ctx := t.Context()
	kube, compact := compactable(t)
	c := kube.CoreV1().PodTemplates("default")
	templates(t, c, total)
	promise(t, "[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls", func(t *testing.T) {
		first, err := c.List(ctx, metav1.ListOptions{Limit: limit})
		need(t, err)
		if n := follow(t, c, first, limit, 0, total); n != total {
			t.Errorf("%d items in pages", n)
		}
		if all, err := c.List(ctx, metav1.ListOptions{}); err != nil || len(all.Items) != total || all.Continue != "" {
			t.Errorf("all at once: %v", err)
		}
	})
	promise(t, "[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent", func(t *testing.T) {
		first, err := c.List(ctx, metav1.ListOptions{Limit: limit})
		need(t, err)
		// Behind the first page, one goes and one comes.
		need(t, c.Delete(ctx, "template-0020", metav1.DeleteOptions{}))
		made, err := c.Create(ctx, &corev1.PodTemplate{ObjectMeta: metav1.ObjectMeta{Name: "template-0020-again"}, Template: corev1.PodTemplateSpec{Spec: simplePod("").Spec}}, metav1.CreateOptions{})
		need(t, err)
		compact(made.ResourceVersion)
		_, err = c.List(ctx, metav1.ListOptions{}) // the cache has gone beyond, and can no longer tell
		need(t, err)
		_, err = c.List(ctx, metav1.ListOptions{Limit: limit, Continue: first.Continue})
		if !apierrors.IsResourceExpired(err) {
			t.Fatalf("a page that is compacted away: %v", err)
		}
		var status apierrors.APIStatus = err.(apierrors.APIStatus)
		token := status.Status().Continue
		if token == "" {
			t.Fatalf("no token to go on with: %+v", status.Status())
		}
		second, err := c.List(ctx, metav1.ListOptions{Limit: limit, Continue: token})
		need(t, err)
		if second.ResourceVersion == first.ResourceVersion || second.Items[0].Name != fmt.Sprintf("template-%04d", limit) {
			t.Errorf("the second page is of %s and begins with %s", second.ResourceVersion, second.Items[0].Name)
		}
		if n := follow(t, c, second, limit, limit, total); n != total {
			t.Errorf("%d items in pages", n)
		}
	})
}
