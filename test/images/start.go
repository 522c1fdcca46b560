package images

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Registry serves the test images, until it is closed.
type Registry struct {
	HostsDir string // hosts.toml files: for --registry-hosts-dir
	Addr     string // host:port on loopback

	handler http.Handler
	servers []*http.Server
}

// mirrored are the registries that the test registry stands for.
var mirrored = []string{"docker.io", "skiff.local"}

// Start makes the images that cacheDir does not hold yet, which takes about
// half a minute the first time, and serves them.
func Start(ctx context.Context, cacheDir string) (*Registry, error) {
	s, err := openStore(ctx, cacheDir)
	if err != nil {
		return nil, fmt.Errorf("test images: %w", err)
	}
	// All addresses: nodes in network namespaces of their own reach the
	// machine's, not its loopback.
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return nil, err
	}
	handler := readOnlyFromAfar(registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(s.blobs())),
		registry.Logger(log.New(discard{}, "", 0))))
	port := listener.Addr().(*net.TCPAddr).Port
	r := &Registry{Addr: fmt.Sprintf("127.0.0.1:%d", port), handler: handler}
	r.serve(listener, handler)
	if r.HostsDir, err = writeHosts(port); err == nil {
		err = publish(ctx, s, r.Addr)
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("test images: %w", err)
	}
	return r, nil
}

// serve answers on one more listener.
func (r *Registry) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler}
	r.servers = append(r.servers, server)
	go func() { _ = server.Serve(listener) }()
}

// Close ends the registry, and takes away the directory of its hosts.
func (r *Registry) Close() {
	for _, server := range r.servers {
		server.Close()
	}
	os.RemoveAll(r.HostsDir)
}

// publish puts every image under all of its names. Their blobs are where the
// registry looks for them already, so only manifests are sent.
func publish(ctx context.Context, s *store, addr string) error {
	for _, r := range recipes {
		image, err := s.image(r.repository)
		if err != nil {
			return err
		}
		for _, tag := range r.tags {
			ref, err := name.ParseReference(addr+"/"+r.repository+":"+tag, name.Insecure)
			if err != nil {
				return err
			}
			if err := remote.Write(ref, image, remote.WithContext(ctx)); err != nil {
				return fmt.Errorf("publishing %s:%s: %w", r.repository, tag, err)
			}
		}
	}
	return nil
}

// writeHosts makes the directory that sends containerd to the registry: by
// loopback, or by the machine's own address from another network namespace.
func writeHosts(port int) (string, error) {
	dir, err := os.MkdirTemp("", "skiff-registry-hosts")
	if err != nil {
		return "", err
	}
	config := ""
	for _, host := range append([]string{"127.0.0.1"}, ownAddress()...) {
		config += fmt.Sprintf("[host.\"http://%s:%d\"]\n  capabilities = [\"pull\", \"resolve\"]\n", host, port)
	}
	// The server is asked last. The world must not be, even for an image that
	// is nowhere.
	config = fmt.Sprintf("server = \"http://127.0.0.1:%d\"\n\n", port) + config
	for _, name := range mirrored {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return dir, err
		}
		if err := os.WriteFile(filepath.Join(dir, name, "hosts.toml"), []byte(config), 0o644); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

// ownAddress is the address from which this machine speaks to the world, if it
// has one. Nothing is sent to find it.
func ownAddress() []string {
	conn, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return nil
	}
	defer conn.Close()
	return []string{conn.LocalAddr().(*net.UDPAddr).IP.String()}
}

// readOnlyFromAfar lets only this machine push.
func readOnlyFromAfar(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		reading := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !reading && !net.ParseIP(host).IsLoopback() {
			http.Error(w, "read only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
