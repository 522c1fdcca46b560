package wire

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/pki"
)

// TestControlPlanesCountForThemselves: two of them in one process, one after
// the other and side by side, have figures of their own.
func TestControlPlanesCountForThemselves(t *testing.T) {
	first, second := newQuietControlPlane(t), newQuietControlPlane(t)
	for range 3 {
		if _, err := first.CoreV1().RESTClient().Get().AbsPath("/version").DoRaw(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	versions := regexp.MustCompile(`(?m)^apiserver_request_total\{.*subresource="/version".*\} 3$`)
	if text := metricsOf(t, first); !versions.MatchString(text) {
		t.Errorf("the first does not count what it answered:\n%s", text)
	}
	text := metricsOf(t, second)
	if strings.Contains(text, `subresource="/version"`) {
		t.Error("the second counts what the first answered")
	}
	for _, name := range []string{"etcd_disk_wal_fsync_duration_seconds_count", "go_goroutines", "process_cpu_seconds_total"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("/metrics lacks %s", name)
		}
	}
}

// The seats that priority levels share are those of both flags.
func TestSeatsAreThoseOfTheFlags(t *testing.T) {
	kube := newQuietControlPlane(t, "--max-requests-inflight=30", "--max-mutating-requests-inflight=7")
	if text := metricsOf(t, kube); !strings.Contains(text, `apiserver_flowcontrol_nominal_limit_seats{priority_level="catch-all"} 37`) {
		t.Errorf("the only level does not have all seats:\n%s", text)
	}
}

// newQuietControlPlane is one that nobody speaks to but the test.
func newQuietControlPlane(t *testing.T, flags ...string) kubernetes.Interface {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := valid()
	c.DataDir, c.AdvertiseAddress, c.WithoutNode = t.TempDir(), c.NodeIP, true
	f := pflag.NewFlagSet("apiserver", pflag.ContinueOnError)
	c.AddAPIServerFlags(f)
	if err := f.Parse(flags); err != nil {
		t.Fatal(err)
	}
	p, err := newControlPlane(ctx, c)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); p.close() })
	return kubernetes.NewForConfigOrDie(p.identity("test", pki.MastersGroup))
}

func metricsOf(t *testing.T, kube kubernetes.Interface) string {
	t.Helper()
	data, err := kube.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
