package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// TestNothingAcknowledgedIsLost kills an API server with SIGKILL again and
// again while clients write to it over TLS, and checks the history that they
// saw: what was acknowledged is there after each start, what was deleted stays
// deleted, and a write without an answer has happened whole or not at all.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	const writers, kills = 8, 6
	s := newAPIServer(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))

	s.start(t)
	histories := make([]*history, writers)
	for i := range histories {
		histories[i] = &history{namespace: "default", prefix: fmt.Sprintf("w%d-", i), known: map[string]known{}}
	}
	var acknowledged int
	for range kills {
		client := s.client(t)
		var wg sync.WaitGroup
		for i, h := range histories {
			random := rand.New(rand.NewPCG(chance.Uint64(), uint64(i)))
			wg.Go(func() { h.write(t, client, random) })
		}
		time.AfterFunc(time.Duration(50+chance.IntN(400))*time.Millisecond, s.kill)
		wg.Wait()
		s.await()
		s.start(t)
		client = s.client(t)
		for _, h := range histories {
			h.check(t, client)
			acknowledged += h.acknowledged
			h.acknowledged = 0
		}
	}
	if acknowledged < 10*kills {
		t.Errorf("only %d writes were acknowledged: this test shows nothing", acknowledged)
	}
	t.Logf("%d acknowledged writes outlived %d kills", acknowledged, kills)
}

// known is what one writer knows of one object.
type known struct {
	value int  // as last acknowledged; 0: the object is not there
	maybe *int // a write that got no answer would have left this
}

// history is what one writer did to its ConfigMaps. Nobody else writes them.
type history struct {
	namespace, prefix string
	known             map[string]known
	next              int
	acknowledged      int
}

// write creates, changes and deletes objects until the server answers no more.
func (h *history) write(t *testing.T, client kubernetes.Interface, random *rand.Rand) {
	maps := client.CoreV1().ConfigMaps(h.namespace)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		name := h.prefix + strconv.Itoa(random.IntN(20))
		h.next++
		wanted, err := h.next, error(nil)
		switch old := h.known[name].value; {
		case old == 0:
			_, err = maps.Create(ctx, configMap(name, wanted), metav1.CreateOptions{})
		case random.IntN(3) == 0:
			wanted = 0
			err = maps.Delete(ctx, name, metav1.DeleteOptions{})
		default:
			_, err = maps.Update(ctx, configMap(name, wanted), metav1.UpdateOptions{})
		}
		cancel()
		if err == nil {
			h.known[name] = known{value: wanted}
			h.acknowledged++
			continue
		}
		if refused(err) {
			t.Errorf("%s, known as %+v, should become %d: %v", name, h.known[name], wanted, err)
		}
		h.known[name] = known{value: h.known[name].value, maybe: &wanted}
		return
	}
}

// refused says whether err is an answer of the server, other than that it
// cannot answer now.
func refused(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code < 500
}

// check compares what is there with what must be.
func (h *history) check(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	list, err := client.CoreV1().ConfigMaps(h.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "writer=" + strings.TrimSuffix(h.prefix, "-")})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, m := range list.Items {
		found[m.Name], _ = strconv.Atoi(m.Data["value"])
	}
	names := slices.Collect(maps.Keys(h.known))
	for name := range found {
		if _, ok := h.known[name]; !ok {
			t.Errorf("%s is there, and nobody made it", name)
		}
	}
	for _, name := range names {
		k, got := h.known[name], found[name]
		if got != k.value && (k.maybe == nil || got != *k.maybe) {
			t.Errorf("%s: %d is there; acknowledged was %d", name, got, k.value)
		}
		h.known[name] = known{value: got}
	}
}

func configMap(name string, value int) *corev1.ConfigMap {
	writer, _, _ := strings.Cut(name, "-")
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"writer": writer}},
		Data:       map[string]string{"value": strconv.Itoa(value)},
	}
}

// apiServer is `skiff apiserver` in a process of its own.
type apiServer struct {
	bin, dir, port string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

func newAPIServer(t *testing.T) *apiServer {
	bin, err := filepath.Abs("../../bin/skiff")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	dir, err := os.MkdirTemp("/var/tmp", "sk")
	if err != nil {
		t.Fatal(err)
	}
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	s := &apiServer{bin: bin, dir: dir, port: ports[0]}
	t.Cleanup(func() {
		s.kill()
		s.await()
		os.RemoveAll(dir)
	})
	return s
}

func (s *apiServer) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(s.bin, "apiserver", "--data-dir", s.dir, "--https-port", s.port, "--config", os.DevNull)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	s.mu.Lock()
	s.cmd, s.exited = cmd, exited
	s.mu.Unlock()
	s.awaitReady(t)
}

// awaitReady waits until the server answers: the kubeconfig may be that of an
// earlier start.
func (s *apiServer) awaitReady(t *testing.T) {
	t.Helper()
	again := wait{t, 30 * time.Second}
	again.until("the API server to answer", func() error {
		cfg, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.dir, "admin.kubeconfig"))
		if err != nil {
			return err
		}
		client, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			return err
		}
		_, err = client.CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{})
		return err
	})
}

func (s *apiServer) client(t *testing.T) kubernetes.Interface {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.dir, "admin.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.QPS = -1
	return kubernetes.NewForConfigOrDie(cfg)
}

func (s *apiServer) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
	}
}

// await returns when the killed process is gone.
func (s *apiServer) await() {
	s.mu.Lock()
	exited := s.exited
	s.mu.Unlock()
	if exited != nil {
		<-exited
	}
}

type wait struct {
	t     *testing.T
	limit time.Duration
}

// until tries again and again until try succeeds.
func (w wait) until(what string, try func() error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), w.limit)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			w.t.Fatalf("waited %s for %s: %v", w.limit, what, err)
		}
	}
}
