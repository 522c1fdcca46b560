// Package standalone runs `skiff apiserver` alone, as a child process over a
// directory of its own, for benchmarks: it sends requests with as little work
// of its own as can be, and reads what they cost the server. It owns the
// process and the directory, and knows nothing of what is measured.
package standalone

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

// Server is an API server in a child process.
type Server struct {
	Config *rest.Config  // of the administrator
	Ready  time.Duration // how long the start took
	dir    string
	cmd    *exec.Cmd
}

// Start runs the binary skiff, with a directory and a port of its own, and
// returns once it is ready.
func Start(ctx context.Context, skiff string, flags ...string) (_ *Server, err error) {
	s := &Server{}
	if s.dir, err = os.MkdirTemp("/var/tmp", "skiff-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	skiff, err = filepath.Abs(skiff)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s.cmd = exec.Command(skiff, append([]string{"apiserver", "--data-dir", s.Data(), "--https-port", strconv.Itoa(port),
		"--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--log-level", "warn"}, flags...)...)
	s.cmd.Dir, s.cmd.Env = s.dir, append(os.Environ(), "HOME="+s.dir)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	err = s.await(ctx)
	s.Ready = time.Since(began)
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
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for retry := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("the server does not become ready:\n%s", log)
		case <-retry.C:
		}
		config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.Data(), "admin.kubeconfig"))
		if err != nil {
			continue
		}
		s.Config = config
		c, err := s.Connect(s.Config)
		if err != nil {
			return err
		}
		if _, err := c.Do(ctx, Request{Path: "/readyz"}); err == nil {
			return nil
		}
	}
}

// Data is the server's data directory.
func (s *Server) Data() string { return filepath.Join(s.dir, "data") }

// Connect makes a client with a connection of its own, for whoever config
// names.
func (s *Server) Connect(config *rest.Config) (*Client, error) {
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	tlsConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return &Client{url: s.Config.Host, http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true, DisableCompression: true, ReadBufferSize: 64 << 10,
	}}}, nil
}

// Stop ends the server and removes its directory.
func (s *Server) Stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *Server) proc(file string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	return string(data)
}

// clockTick is the unit of times in /proc/PID/stat: USER_HZ, on every Linux.
const clockTick = 10 * time.Millisecond

// CPU is the time that the process has spent on processors.
func (s *Server) CPU() time.Duration {
	_, after, _ := strings.Cut(s.proc("stat"), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// Memory is a line of /proc/PID/status, in MB.
func (s *Server) Memory(name string) float64 {
	_, after, _ := strings.Cut(s.proc("status"), name+":")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(fields[0], 64)
	return kb / 1000
}

// ResetPeak makes VmHWM start anew from what is resident now.
func (s *Server) ResetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0)
}
