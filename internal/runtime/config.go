package runtime

import (
	"errors"
	"fmt"
	"path/filepath"

	"skiff/internal/host"
)

// PauseImage is the image of every sandbox. It is built from the embedded
// pause program; no registry has it.
const PauseImage = "skiff.local/pause:1"

// Namespace is containerd's namespace for all that the CRI makes.
const Namespace = "k8s.io"

// maxSocketDir is how long the name of containerd's directory of shim sockets
// may be: sun_path holds 107 bytes, of which "/" and a SHA-256 take 65.
const maxSocketDir = 42

// Config is what one node's container runtime needs to know. Only DataDir and
// Names have no default.
type Config struct {
	DataDir string
	Names   host.Names

	RegistryHostsDir string // hosts.toml files; default /etc/skiff/certs.d
	ImagesDir        string // archives loaded at start; default DataDir/images
	CNIConfDir       string // default DataDir/cni
	CNIBinDir        string // default DataDir/bin

	// Exec and ExecArgs start this program so that it calls ContainerdMain
	// with the arguments that follow: "/proc/self/exe" and "containerd".
	Exec     string
	ExecArgs []string

	LogLevel string // of containerd; default "warn"

	// Ready is called once, when the endpoint answers and the pause image is
	// there: sandboxes can be made from then on. Archives may still be loading.
	Ready func()
}

// withDefaults returns cfg with every empty field filled in.
func (cfg Config) withDefaults() (Config, error) {
	if cfg.DataDir == "" {
		return cfg, errors.New("runtime: no data directory is set")
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return cfg, fmt.Errorf("runtime: data directory %s: %w", cfg.DataDir, err)
	}
	cfg.DataDir = dir
	setDefault(&cfg.RegistryHostsDir, "/etc/skiff/certs.d")
	setDefault(&cfg.ImagesDir, cfg.path("images"))
	setDefault(&cfg.CNIConfDir, cfg.path("cni"))
	setDefault(&cfg.CNIBinDir, cfg.path("bin"))
	setDefault(&cfg.LogLevel, "warn")
	setDefault(&cfg.Exec, "/proc/self/exe")
	if cfg.ExecArgs == nil {
		cfg.ExecArgs = []string{"containerd"}
	}
	if cfg.Ready == nil {
		cfg.Ready = func() {}
	}
	return cfg, nil
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func (cfg Config) path(elem ...string) string {
	return filepath.Join(append([]string{cfg.DataDir}, elem...)...)
}

func (cfg Config) rootDir() string    { return cfg.path("containerd", "root") }
func (cfg Config) stateDir() string   { return cfg.path("containerd", "state") }
func (cfg Config) runcDir() string    { return cfg.path("containerd", "runc") }
func (cfg Config) configFile() string { return cfg.path("containerd", "config.toml") }
func (cfg Config) pidFile() string    { return cfg.path("containerd", "containerd.pid") }
func (cfg Config) bootFile() string   { return cfg.path("containerd", "boot-id") }
func (cfg Config) logFile() string    { return cfg.path("log", "containerd.log") }

// socketDir holds the unix sockets. It is below the data directory unless
// that has a name too long for a socket's address.
func (cfg Config) socketDir() string {
	if dir := cfg.path("run"); len(dir)+len("/s") <= maxSocketDir {
		return dir
	}
	return filepath.Join("/run/skiff", cfg.Names.ID())
}

// tempDir is where containerd, shims and runc make what they need for a
// moment, sockets among it.
func (cfg Config) tempDir() string { return filepath.Join(cfg.socketDir(), "tmp") }

func (cfg Config) socket() string { return filepath.Join(cfg.socketDir(), "containerd.sock") }

// Endpoint is where the node's CRI answers, as the kubelet's
// containerRuntimeEndpoint writes it.
func Endpoint(cfg Config) string {
	if dir, err := filepath.Abs(cfg.DataDir); err == nil {
		cfg.DataDir = dir
	}
	return "unix://" + cfg.socket()
}
