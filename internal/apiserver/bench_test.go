package apiserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
)

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web", "tier": "front"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx", Env: []corev1.EnvVar{{Name: "A", Value: "b"}}}}},
	}
}

func BenchmarkWrites(b *testing.B) {
	s := apitest.Start(b)
	config := rest.CopyConfig(s.Admin())
	config.ContentType, config.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf"
	c := kubernetes.NewForConfigOrDie(config).CoreV1().Pods("default")
	if _, err := c.Create(b.Context(), pod("p"), metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if _, err := c.Create(b.Context(), pod(fmt.Sprintf("p%d-%d", b.N, i)), metav1.CreateOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("patch", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			data := fmt.Appendf(nil, `{"metadata":{"labels":{"n":"%d"}}}`, i)
			if _, err := c.Patch(b.Context(), "p", types.StrategicMergePatchType, data, metav1.PatchOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := c.Get(b.Context(), "p", metav1.GetOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkGetsAtOnce has somebody who shares the server ask on all cores.
func BenchmarkGetsAtOnce(b *testing.B) {
	s := apitest.Start(b)
	if _, err := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default").Create(b.Context(), pod("p"), metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	h := s.Handler()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest("GET", "/api/v1/namespaces/default/pods/p", nil)
			r.Header.Set("Authorization", "Bearer eve")
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusOK {
				b.Errorf("%d %s", w.Code, w.Body)
			}
		}
	})
}

func BenchmarkFirstWrite(b *testing.B) {
	for range b.N {
		b.StopTimer()
		s := apitest.Start(b)
		c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
		b.StartTimer()
		if _, err := c.Create(b.Context(), pod("p"), metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s := apitest.Start(b)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
	const pods = 2000
	for i := range pods {
		p := pod(fmt.Sprintf("p%04d", i))
		if i%100 == 0 {
			p.Labels["rare"] = "yes"
		}
		if _, err := c.Create(b.Context(), p, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	client, err := rest.HTTPClientFor(s.Admin())
	if err != nil {
		b.Fatal(err)
	}
	for _, tt := range []struct{ name, query, accept string }{
		{"json", "", "application/json"},
		{"protobuf", "", "application/vnd.kubernetes.protobuf"},
		{"table", "", "application/json;as=Table;v=v1;g=meta.k8s.io"},
		{"metadata", "", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"},
		{"selected", "?labelSelector=rare", "application/json"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				r, _ := http.NewRequest("GET", s.Admin().Host+"/api/v1/pods"+tt.query, nil)
				r.Header.Set("Accept", tt.accept)
				resp, err := client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil || resp.StatusCode != 200 {
					b.Fatal(resp.Status, err)
				}
				_ = resp.Body.Close()
				b.SetBytes(n)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/pods, "µs/pod")
		})
	}
}
