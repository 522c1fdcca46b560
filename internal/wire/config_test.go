package wire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// valid is a configuration that Complete accepts on any machine.
func valid() Config {
	c := Defaults()
	c.NodeName, c.NodeIP, c.DataDir = "node", "192.0.2.7", DefaultDataDir
	return c
}

func TestCompleteFillsIn(t *testing.T) {
	c := valid()
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if c.ClusterName != "skiff" || c.AdvertiseAddress != "192.0.2.7" {
		t.Errorf("cluster %q, advertise address %q", c.ClusterName, c.AdvertiseAddress)
	}
	other := valid()
	other.DataDir = "/srv/other"
	if err := other.Complete(); err != nil {
		t.Fatal(err)
	}
	if other.ClusterName == c.ClusterName || other.Names().ID() == c.Names().ID() {
		t.Errorf("two data directories share the names of %q", c.ClusterName)
	}
}

func TestCompleteRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"pod network", func(c *Config) { c.ClusterCIDR = "10.244.0.1/16" }, "--cluster-cidr"},
		{"service network", func(c *Config) { c.ServiceCIDR = "services" }, "--service-cidr"},
		{"second service network", func(c *Config) { c.ServiceCIDR = "10.96.0.0/16,10.97.0.0/16" }, "--service-cidr"},
		{"second service network too large", func(c *Config) { c.ServiceCIDR = "10.96.0.0/16,fd00:96::/48" }, "/64"},
		{"overlap", func(c *Config) { c.ClusterCIDR = "10.96.128.0/17" }, "overlap"},
		{"DNS outside", func(c *Config) { c.ClusterDNS = "10.97.0.10" }, "--cluster-dns"},
		{"node ports", func(c *Config) { c.ServiceNodePortRange = "40000-30000" }, "--service-node-port-range"},
		{"node address", func(c *Config) { c.NodeIP = "here" }, "--node-ip"},
		{"advertised address", func(c *Config) { c.AdvertiseAddress = "here" }, "--advertise-address"},
		{"size of logs", func(c *Config) { c.ContainerLogMaxSize = "much" }, "--container-log-max-size"},
		{"number of logs", func(c *Config) { c.ContainerLogMaxFiles = 1 }, "--container-log-max-files"},
		{"etcd without a scheme", func(c *Config) { c.EtcdServers = []string{"10.0.0.5:2379"} }, "--etcd-servers"},
		{"etcd's certificate without a key", func(c *Config) { c.EtcdServers, c.EtcdCertFile = []string{"https://e:1"}, "a.crt" }, "--etcd-keyfile"},
		{"etcd's authority without etcd", func(c *Config) { c.EtcdCAFile = "ca.crt" }, "--etcd-servers"},
		{"etcd's authority missing", func(c *Config) { c.EtcdServers, c.EtcdCAFile = []string{"https://e:1"}, "/nowhere.crt" }, "--etcd-cafile"},
		{"less than no requests", func(c *Config) { c.MaxRequestsInflight = -1 }, "--max-requests-inflight -1"},
		{"less than no writes", func(c *Config) { c.MaxMutatingRequestsInflight = -1 }, "--max-mutating-requests-inflight -1"},
		{"no requests at all", func(c *Config) { c.MaxRequestsInflight, c.MaxMutatingRequestsInflight = 0, 0 }, "both 0"},
		{"no pods", func(c *Config) { c.MaxPods = 0 }, "--max-pods"},
		{"taint", func(c *Config) { c.NodeTaints = []string{"a=b"} }, "--node-taint"},
		{"taint's effect", func(c *Config) { c.NodeTaints = []string{"a=b:Never"} }, "--node-taint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			tt.change(&c)
			if err := c.Complete(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not name %s", err, tt.want)
			}
		})
	}
}

func TestConfigFile(t *testing.T) {
	read := func(t *testing.T, text string, args ...string) (Config, error) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Defaults()
		flags := pflag.NewFlagSet("server", pflag.ContinueOnError)
		c.AddServerFlags(flags)
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		return c, ApplyConfigFile(flags, path, true, func(name string) bool { return name == "token" })
	}

	c, err := read(t, `
https-port: 7443
tls-san: [a.example, 192.0.2.9]
node-label: {disk: ssd, zone: a}
without-node: true
token: of-another-command
`, "--https-port=8443")
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTPSPort != 8443 {
		t.Errorf("the command line does not win: port %d", c.HTTPSPort)
	}
	if strings.Join(c.TLSSANs, " ") != "a.example 192.0.2.9" || c.NodeLabels["disk"] != "ssd" || c.NodeLabels["zone"] != "a" || !c.WithoutNode {
		t.Errorf("%+v", c)
	}

	for text, want := range map[string]string{
		"no-such-flag: 1":  `there is no flag "no-such-flag"`,
		"https-port: many": "https-port",
		"- a list":         "not a YAML map",
	} {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestMissingConfigFileMattersOnlyIfNamed(t *testing.T) {
	flags := pflag.NewFlagSet("server", pflag.ContinueOnError)
	missing := filepath.Join(t.TempDir(), "none.yaml")
	if err := ApplyConfigFile(flags, missing, false, nil); err != nil {
		t.Errorf("not named: %v", err)
	}
	if err := ApplyConfigFile(flags, missing, true, nil); err == nil {
		t.Error("a file that was named and is not there is no error")
	}
}
