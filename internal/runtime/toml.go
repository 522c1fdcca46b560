package runtime

import (
	"bytes"
	"fmt"
	"text/template"
)

// containerdConfig is containerd's configuration, kept to what differs from
// its defaults. Which plug-ins exist at all is decided by plugins.go.
var containerdConfig = template.Must(template.New("config.toml").
	Funcs(template.FuncMap{"q": quoteTOML}).Parse(`version = 4
root = {{q .Root}}
state = {{q .State}}

[plugins.'io.containerd.server.v1.grpc']
  address = {{q .Socket}}

[plugins.'io.containerd.server.v1.ttrpc']
  address = {{q (print .Socket ".ttrpc")}}

[plugins.'io.containerd.shim.v1.manager']
  socket_dir = {{q .ShimSockets}}
  env = ['GOGC=50']

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.grpc.v1.cri']
  disable_tcp_service = true
  stream_server_address = '127.0.0.1'
  stream_server_port = '0'

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  max_concurrent_downloads = 3
  image_pull_progress_timeout = '5m0s'
  # Sizes of snapshots are gathered this often, in seconds: for statistics only.
  stats_collect_period = 60
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = {{q .PauseImage}}
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = {{q .RegistryHosts}}

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = {{.RestrictOOMScoreAdj}}
  disable_apparmor = {{.DisableAppArmor}}
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  tolerate_missing_hugetlb_controller = true
  # Every collection wakes every shim: by far the most of what idle pods cost.
  stats_collect_period = '60s'
  stats_retention_period = '3m'
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [{{q .CNIBinDir}}]
    conf_dir = {{q .CNIConfDir}}
    max_conf_num = 1
    use_internal_loopback = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = {{q .Runc}}
        Root = {{q .RuncRoot}}
        SystemdCgroup = false
`))

// containerdValues fills containerdConfig.
type containerdValues struct {
	Root, State, Socket, ShimSockets string
	PauseImage, RegistryHosts        string
	CNIBinDir, CNIConfDir            string
	Runc, RuncRoot                   string
	RestrictOOMScoreAdj              bool
	DisableAppArmor                  bool
}

// renderConfig is containerd's config.toml for cfg on a host with these traits.
func renderConfig(cfg Config, traits hostTraits) ([]byte, error) {
	var b bytes.Buffer
	err := containerdConfig.Execute(&b, containerdValues{
		Root:                cfg.rootDir(),
		State:               cfg.stateDir(),
		Socket:              cfg.socket(),
		ShimSockets:         cfg.socketDir() + "/s",
		PauseImage:          PauseImage,
		RegistryHosts:       cfg.RegistryHostsDir,
		CNIBinDir:           cfg.CNIBinDir,
		CNIConfDir:          cfg.CNIConfDir,
		Runc:                traits.runc,
		RuncRoot:            cfg.runcDir(),
		RestrictOOMScoreAdj: !traits.lowersOOMScore,
		DisableAppArmor:     !traits.appArmor,
	})
	return b.Bytes(), err
}

// quoteTOML writes s as a TOML basic string. TOML lacks Go's \x escapes, so a
// path with control characters is refused rather than written wrongly.
func quoteTOML(s string) (string, error) {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return "", fmt.Errorf("the path %q has a control character in it", s)
		}
	}
	var b bytes.Buffer
	b.WriteByte('"')
	for _, r := range s {
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String(), nil
}
