package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// server is an API server in a child process.
type server struct {
	dir    string
	cmd    *exec.Cmd
	config *rest.Config
	ready  time.Duration
}

func startServer(ctx context.Context, o options) (_ *server, err error) {
	s := &server{}
	if s.dir, err = os.MkdirTemp("/var/tmp", "skiff-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	skiff, err := filepath.Abs(o.skiff)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s.cmd = exec.Command(skiff, "apiserver", "--data-dir", filepath.Join(s.dir, "data"), "--https-port", strconv.Itoa(port),
		"--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--log-level", "warn")
	s.cmd.Dir, s.cmd.Env = s.dir, append(os.Environ(), "HOME="+s.dir)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	err = s.await(ctx)
	s.ready = time.Since(began)
	return s, err
}

// freePort is a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// await waits until the server has written the administrator's kubeconfig and
// says that it is ready.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for retry := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("the server does not become ready:\n%s", log)
		case <-retry.C:
		}
		config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.dir, "data", "admin.kubeconfig"))
		if err != nil {
			continue
		}
		s.config = config
		c, err := s.connection()
		if err != nil {
			return err
		}
		if _, err := c.do(ctx, request{path: "/readyz"}); err == nil {
			return nil
		}
	}
}

// connection makes a client with a connection of its own.
func (s *server) connection() (*client, error) {
	tlsConfig, err := rest.TLSConfigFor(s.config)
	if err != nil {
		return nil, err
	}
	tlsConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return &client{url: s.config.Host, http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true, DisableCompression: true, ReadBufferSize: 64 << 10,
	}}}, nil
}

func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *server) proc(file string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	return string(data)
}

// clockTick is the unit of times in /proc/PID/stat: USER_HZ, on every Linux.
const clockTick = 10 * time.Millisecond

// cpu is the time that the process has spent on processors.
func (s *server) cpu() time.Duration {
	_, after, _ := strings.Cut(s.proc("stat"), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// memory is a line of /proc/PID/status, in MB.
func (s *server) memory(name string) float64 {
	_, after, _ := strings.Cut(s.proc("status"), name+":")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(fields[0], 64)
	return kb / 1000
}

// resetPeak makes VmHWM start anew from what is resident now.
func (s *server) resetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0)
}
