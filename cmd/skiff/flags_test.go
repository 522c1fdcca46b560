package main

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

// TestUpTakesEveryFlagOfServer holds that `up` can be given all that `server`
// can, with the same defaults, and hands it on.
func TestUpTakesEveryFlagOfServer(t *testing.T) {
	up, server := upCommand().Flags(), serverCommand().Flags()
	server.VisitAll(func(f *pflag.Flag) {
		g := up.Lookup(f.Name)
		if g == nil {
			t.Errorf("`up` has no --%s", f.Name)
		} else if g.DefValue != f.DefValue || g.Usage != f.Usage {
			t.Errorf("--%s is %q of `up`, %q of `server`", f.Name, g.DefValue, f.DefValue)
		}
	})

	given := []string{"--nodes=2", "--wait=1m", "--https-port=7443", "--tls-san=a,b", "--node-label=k=v", "--without-node=true"}
	if err := up.Parse(given); err != nil {
		t.Fatal(err)
	}
	args, stated := serverArgs(up)
	if want := []string{"--https-port=7443", "--node-label=k=v", "--tls-san=a", "--tls-san=b", "--without-node=true"}; !slices.Equal(args, want) {
		t.Errorf("`server` is given %q, want %q", args, want)
	}
	if want := []string{"https-port", "node-label", "tls-san", "without-node"}; !slices.Equal(stated, want) {
		t.Errorf("stated are %q, want %q", stated, want)
	}
	if err := server.Parse(args); err != nil {
		t.Errorf("`server` does not take what it is given: %v", err)
	}
}

// TestDefaults are those that the README names and that other programs rely on.
func TestDefaults(t *testing.T) {
	t.Setenv("SKIFF_DATA_DIR", "")
	flags := serverCommand().Flags()
	for name, want := range map[string]string{
		"data-dir": "/var/lib/skiff", "config": "/etc/skiff/config.yaml", "registry-hosts-dir": "/etc/skiff/certs.d",
		"https-port": "6443", "cluster-cidr": "10.244.0.0/16", "service-cidr": "10.96.0.0/16", "cluster-domain": "cluster.local",
		"service-node-port-range": "30000-32767", "kubelet-port": "10250", "max-requests-inflight": "400", "max-mutating-requests-inflight": "200",
	} {
		if f := flags.Lookup(name); f == nil || f.DefValue != want {
			t.Errorf("--%s: %+v, want %s", name, f, want)
		}
	}
}
