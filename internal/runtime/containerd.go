package runtime

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/containerd/containerd/v2/cmd/containerd/server"
	srvconfig "github.com/containerd/containerd/v2/cmd/containerd/server/config"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/version"
	"github.com/containerd/log"
	"github.com/containerd/plugin"
	"github.com/containerd/plugin/registry"
	"github.com/containernetworking/cni/libcni"
	"google.golang.org/grpc/grpclog"

	"skiff/internal/footprint"
)

// File descriptors that the child inherits beyond the standard three.
const (
	readyFD    = 3 // the child writes one byte when its sockets answer
	lifelineFD = 4 // end of file when the parent is gone, however it went
)

// ContainerdMain is containerd: the program calls it, and exits when it
// returns, when it was started with Config.ExecArgs. The rest of its
// arguments are args. Only Run starts it: it expects Run's descriptors.
//
// It ends on SIGTERM, and when its parent has gone, so that no containerd is
// ever left without a skiff. Containers are not its children and stay.
func ContainerdMain(args []string) error {
	flags := flag.NewFlagSet("containerd", flag.ContinueOnError)
	configFile := flags.String("config", "", "path of config.toml")
	logLevel := flags.String("log-level", "warn", "trace, debug, info, warn or error")
	if err := flags.Parse(args); err != nil {
		return err
	}
	syscall.CloseOnExec(readyFD)
	syscall.CloseOnExec(lifelineFD)
	debug.SetGCPercent(gcPercent)
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	if err := log.SetLevel(*logLevel); err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		_, _ = os.NewFile(lifelineFD, "lifeline").Read(make([]byte, 1))
		stop()
	}()
	return serveContainerd(ctx, *configFile, func() {
		ready := os.NewFile(readyFD, "ready")
		_, _ = ready.Write([]byte{1})
		_ = ready.Close()
	})
}

// gcPercent trades a little processor time for a smaller heap: containerd is
// idle nearly always.
const gcPercent = 40

// startOver is when a start is over for sure, the loading of the first images
// included: what only it needed is then given back.
const startOver = 5 * time.Second

// serveContainerd runs the daemon until ctx ends.
func serveContainerd(ctx context.Context, configFile string, ready func()) error {
	config, err := loadContainerdConfig(ctx, configFile)
	if err != nil {
		return err
	}
	if err := server.CreateTopLevelDirectories(config); err != nil {
		return err
	}
	if err := clearTemporaryMounts(config.Root); err != nil {
		return err
	}
	// What plug-ins answered is kept with the sandboxes that it is of.
	libcni.CacheDir = filepath.Join(config.Root, "cni")
	srv, err := server.New(ctx, config)
	if err != nil {
		return err
	}
	defer srv.Stop()
	if err := srv.Start(ctx); err != nil {
		return err
	}
	srv.Wait()
	ready()
	footprint.ReleaseAfter(ctx, startOver)
	<-ctx.Done()
	return nil
}

func loadContainerdConfig(ctx context.Context, path string) (*srvconfig.Config, error) {
	if path == "" {
		return nil, errors.New("containerd: --config is not set; skiff starts this command itself")
	}
	all := registry.Graph(func(*plugin.Registration) bool { return false })
	plugins := func() iter.Seq[plugin.Registration] { return slices.Values(all) }
	config := &srvconfig.Config{Version: version.ConfigVersion, Plugins: map[string]any{}}
	if err := srvconfig.LoadConfigWithPlugins(ctx, path, plugins, config); err != nil {
		return nil, fmt.Errorf("containerd: %w", err)
	}
	return config, nil
}

// clearTemporaryMounts removes what an unpack that was cut short left mounted.
func clearTemporaryMounts(root string) error {
	if err := mount.SetTempMountLocation(filepath.Join(root, "tmpmounts")); err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	warnings, err := mount.CleanupTempMounts(0)
	if err != nil {
		log.L.WithError(err).Error("unmounting temporary mounts")
	}
	for _, w := range warnings {
		log.L.WithError(w).Warn("unmounting temporary mounts")
	}
	return nil
}
