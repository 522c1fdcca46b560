package runtime

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pelletier/go-toml/v2"

	"skiff/internal/host"
)

func TestSocketsHaveAddressesThatFit(t *testing.T) {
	for _, dir := range []string{"/var/lib/skiff", "/" + strings.Repeat("d", 37), "/" + strings.Repeat("long/", 60)} {
		cfg := Config{DataDir: dir, Names: host.Names{Cluster: "c", Node: "n"}}
		if shims := cfg.socketDir() + "/s"; len(shims) > maxSocketDir {
			t.Errorf("with the data directory %s the shims' sockets lie in %s: %d bytes, want at most %d", dir, shims, len(shims), maxSocketDir)
		}
		if endpoint := Endpoint(cfg); len(strings.TrimPrefix(endpoint, "unix://"))+len(".ttrpc") > 107 {
			t.Errorf("with the data directory %s the endpoint is %s: too long for a socket", dir, endpoint)
		}
	}
}

func TestConfigIsTOMLWithWhatTheHostNeeds(t *testing.T) {
	cfg, err := Config{DataDir: `/data "quoted" \dir`, Names: host.Names{Cluster: "c", Node: "n"}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, holds := range []bool{true, false} {
		data, err := renderConfig(cfg, hostTraits{runc: "/usr/sbin/runc", lowersOOMScore: holds})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Root    string
			Plugins map[string]map[string]any
		}
		if err := toml.Unmarshal(data, &got); err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		if got.Root != cfg.rootDir() {
			t.Errorf("root = %q, want %q", got.Root, cfg.rootDir())
		}
		if restrict := got.Plugins["io.containerd.cri.v1.runtime"]["restrict_oom_score_adj"]; restrict != !holds {
			t.Errorf("with CAP_SYS_RESOURCE %t, restrict_oom_score_adj = %v", holds, restrict)
		}
	}
	if _, err := quoteTOML("/data\nroot = '/'"); err == nil {
		t.Error("a line break in a path is accepted")
	}
}

func TestHelpersAreWrittenWhenTheyChange(t *testing.T) {
	programs := func(shim string) fs.FS {
		return fstest.MapFS{
			"SHA256SUMS":     {Data: []byte("sum-" + shim + "  " + shimName + "\nsum  " + cniName + "\nsum  " + pauseName + "\n")},
			shimName + ".gz": {Data: packed(t, shim)}, cniName + ".gz": {Data: packed(t, "cni")}, pauseName + ".gz": {Data: packed(t, "pause")},
		}
	}
	bin := filepath.Join(t.TempDir(), "bin")
	install := func(shim string) os.FileInfo {
		t.Helper()
		if err := installHelpers(programs(shim), bin); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(bin, shimName))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := install("one")
	if first.Mode().Perm() != 0o755 {
		t.Errorf("the shim has mode %v, want 0755", first.Mode())
	}
	if again := install("one"); !os.SameFile(first, again) {
		t.Error("the same shim is written again")
	}
	if changed := install("two"); os.SameFile(first, changed) {
		t.Error("a changed shim is not written")
	}
	if err := os.WriteFile(filepath.Join(bin, shimName), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if mended := install("two"); mended.Size() != 3 {
		t.Error("a shim that was cut short is not written again")
	}
}

func packed(t *testing.T, program string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(program)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestABuildWithoutHelpersSaysSo(t *testing.T) {
	err := installHelpers(fstest.MapFS{"README.md": {}}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "built without helpers") || !strings.Contains(err.Error(), "run make") {
		t.Errorf("installing no helpers: %v", err)
	}
}

func TestHostTraits(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := readTraits(); err == nil || !strings.Contains(err.Error(), "apt-get install runc") {
		t.Errorf("without runc: %v, want an error that says how to install it", err)
	}
}
