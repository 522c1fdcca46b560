package probe

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// aPort listens on a port and closes it again: nobody else is given it soon.
func aPort(t *testing.T) (address string, number uint16) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String(), uint16(port(t, l.Addr().String()))
}

// serve makes Services send to the port of this process.
func (s *scene) serve(number uint16) {
	s.m.Served = func(*corev1.Pod) []uint16 { return []uint16{number} }
	s.m.Process = func(*corev1.Pod) (int, bool) { return os.Getpid(), true }
}

func TestReadyOnceItListens(t *testing.T) {
	address, number := aPort(t)
	ctx, cancel := context.WithCancel(context.Background())
	s := newScene(ctx, corev1.Container{})
	defer func() { cancel(); s.m.Wait() }()
	s.serve(number)
	s.seen.Containers[0].Started = time.Now().Add(time.Hour) // no timeout ends the wait
	changed := make(chan struct{}, 1)
	s.m.Changed = func(types.UID) { changed <- struct{}{} }
	s.m.Sync(s.pod, s.seen)
	if !s.health().Deaf {
		t.Fatal("nothing listens, and the container is not deaf")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	<-changed
	if s.health().Deaf {
		t.Error("deaf although it listens")
	}
}

func TestListening(t *testing.T) {
	for _, family := range []string{"tcp4", "tcp6"} {
		l, err := net.Listen(family, "localhost:0")
		if err != nil {
			t.Logf("%s: %v", family, err)
			continue
		}
		defer l.Close()
		m := &Manager{Config: Config{Process: func(*corev1.Pod) (int, bool) { return os.Getpid(), true }}}
		open := uint16(port(t, l.Addr().String()))
		_, closed := aPort(t)
		for _, c := range []struct {
			ports []uint16
			want  bool
		}{{nil, true}, {[]uint16{open}, true}, {[]uint16{closed}, false}, {[]uint16{open, closed}, false}} {
			if got := m.listens(&corev1.Pod{}, c.ports); got != c.want {
				t.Errorf("%s: listens on %v: %v", family, c.ports, got)
			}
		}
	}
}

func TestWhoIsWaitedFor(t *testing.T) {
	_, closed := aPort(t)
	for name, c := range map[string]struct {
		container corev1.Container
		prepare   func(*scene)
		want      bool
	}{
		"one that Services send to": {want: true},
		"one that no Service sends to": {prepare: func(s *scene) {
			s.m.Served = func(*corev1.Pod) []uint16 { return nil }
		}},
		"one with a readiness probe": {container: corev1.Container{ReadinessProbe: command(10, 1, 1, 0)}},
		"an init container": {prepare: func(s *scene) {
			s.pod.Spec.InitContainers, s.pod.Spec.Containers = s.pod.Spec.Containers, nil
		}},
		"one that was ready before the kubelet started": {prepare: func(s *scene) {
			s.pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", ContainerID: "containerd://id", Ready: true}}
		}},
		"one whose pod has no process yet": {want: true, prepare: func(s *scene) {
			s.m.Process = func(*corev1.Pod) (int, bool) { return 0, false }
		}},
	} {
		play(t, c.container, func(s *scene) {
			s.serve(closed)
			if c.prepare != nil {
				c.prepare(s)
			}
			s.m.Sync(s.pod, s.seen)
			if got := s.health().Deaf; got != c.want {
				t.Errorf("%s: deaf %v", name, got)
			}
		})
	}
}

func TestNobodyIsWaitedForLong(t *testing.T) {
	_, closed := aPort(t)
	play(t, corev1.Container{}, func(s *scene) {
		s.serve(closed)
		s.m.Sync(s.pod, s.seen)
		after(listenTimeout - time.Millisecond)
		if !s.health().Deaf {
			t.Error("no longer deaf although nothing listens")
		}
		after(lastLook)
		if s.health().Deaf {
			t.Error("still deaf after the timeout")
		}
	})
}
