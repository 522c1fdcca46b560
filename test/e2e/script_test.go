// Package e2e runs the scenarios of test/script against real clusters on this
// machine: real containers, real networks, the real binary. It needs root.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"skiff/test/images"
)

// TestMain has scenarios run one after the other: each looks at the whole
// host, and measures what users wait for.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestScripts runs every scenario. A scenario starts its own cluster with
// `up`, in a data directory of its own, and leaves nothing on the host.
func TestScripts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("end-to-end tests run containers, which needs root: run `make test` as root")
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "skiff")); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	registries := sync.OnceValues(func() (registries, error) { return startRegistries(t) })
	testscript.Run(t, testscript.Params{
		Dir: "../script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "until": until, "hostclean": hostclean, "capture": capture,
			"save": save, "hammer": hammer, "hammered": hammered, "crash": crash, "pty": pty, "machine": machine,
			"address": address, "stopwhen": stopWhen, "etcd": etcd,
		},
		Setup: func(env *testscript.Env) error {
			r, err := registries()
			if err != nil {
				return err
			}
			return setup(env, bin, r)
		},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
	})
}

// registries are where scenarios pull images from: one that everybody may use,
// and one that asks for a login.
type registries struct {
	public  *images.Registry
	private *images.Private
}

func startRegistries(t *testing.T) (registries, error) {
	public, err := images.Start(context.Background(), imageCache())
	if err != nil {
		return registries{}, err
	}
	t.Cleanup(public.Close)
	private, err := public.ServePrivate()
	return registries{public, private}, err
}

// imageCache is where the test images are kept.
func imageCache() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "skiff-test-images")
}

// setup gives the scenario its data directory, ports and registry. The data
// directory is short: unix sockets lie below it.
func setup(env *testscript.Env, bin string, r registries) error {
	data, err := os.MkdirTemp("/var/tmp", "sk")
	if err != nil {
		return err
	}
	ports, err := freePorts(5)
	if err != nil {
		return err
	}
	before, err := snapshotHost()
	if err != nil {
		return err
	}
	env.Values[hostBefore{}] = before
	env.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("KUBE_CACHE_MUTATION_DETECTOR", "true")
	env.Setenv("DATA", data)
	env.Setenv("SKIFF_DATA_DIR", data)
	env.Setenv("REGISTRY", r.public.HostsDir)
	env.Setenv("REGISTRY_ADDR", r.public.Addr)
	env.Setenv("PRIVATE", r.private.Addr)
	env.Setenv("PRIVATE_CA", r.private.CAFile)
	env.Setenv("PRIVATE_USER", images.PrivateUser)
	env.Setenv("PRIVATE_PASSWORD", images.PrivatePassword)
	env.Setenv("PORT", ports[0])
	env.Setenv("KUBELET_PORT", ports[1])
	env.Setenv("PORT2", ports[2])
	env.Setenv("KUBELET_PORT2", ports[3])
	env.Setenv("ETCD_PORT", ports[4])
	env.Defer(func() { tearDown(env, bin, data) })
	return nil
}

// tearDown ends what a failed scenario left running; the logs are kept in the
// test's output.
func tearDown(env *testscript.Env, bin, data string) {
	t := env.T()
	if f, ok := t.(interface{ Failed() bool }); ok && f.Failed() {
		for _, dir := range dataDirs(t, data) {
			logTail(t, filepath.Join(dir, "skiff.log"))
		}
	}
	for _, dir := range dataDirs(t, data) {
		if out, err := run(bin+"/skiff", "down", "--purge", "--data-dir", dir); err != nil {
			t.Log(fmt.Sprintf("skiff down: %v\n%s", err, out))
		}
		_ = unix.Unmount(dir, unix.MNT_DETACH) // it may be a disk of its own
		os.RemoveAll(dir)
	}
}

// dataDirs are the scenario's data directory and those that it named after it
// for further nodes and clusters: $DATA-node, $DATA.other.
func dataDirs(t testscript.T, data string) []string {
	dirs, err := filepath.Glob(data + "[^0-9]*")
	if err != nil {
		t.Log(err.Error())
	}
	return append(dirs, data)
}

// freePorts finds TCP ports that nobody listens on.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}
