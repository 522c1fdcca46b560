package pki

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func TestKubeconfigIsWrittenOnce(t *testing.T) {
	p := open(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "admin.kubeconfig")
	read := func() string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	write := func(server string) {
		if err := p.CA.WriteKubeconfig(path, server, Admin); err != nil {
			t.Fatal(err)
		}
	}
	write("https://127.0.0.1:6443")
	first := read()
	write("https://127.0.0.1:6443")
	if read() != first {
		t.Error("a kubeconfig that was right was written again")
	}
	write("https://127.0.0.1:7443")
	if read() == first {
		t.Error("the kubeconfig does not follow the server's address")
	}
	if info, _ := os.Stat(path); info.Mode() != 0o600 {
		t.Errorf("mode %o, want 600", info.Mode())
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://127.0.0.1:7443" || len(config.CAData) == 0 || len(config.CertData) == 0 {
		t.Errorf("the kubeconfig leads to %q with %d bytes of authority", config.Host, len(config.CAData))
	}
}

func TestMergeLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	user, admin := filepath.Join(dir, "config"), filepath.Join(dir, "admin.kubeconfig")
	mine := clientcmdapi.NewConfig()
	mine.Clusters["work"] = &clientcmdapi.Cluster{Server: "https://work"}
	mine.AuthInfos["me"] = &clientcmdapi.AuthInfo{Token: "t"}
	mine.Contexts["work"] = &clientcmdapi.Context{Cluster: "work", AuthInfo: "me", Namespace: "team"}
	mine.CurrentContext = "work"
	if err := writeConfig(user, mine); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).CA.WriteKubeconfig(admin, "https://127.0.0.1:6443", Admin); err != nil {
		t.Fatal(err)
	}
	if err := MergeKubeconfig(user, admin, ContextName, false); err != nil {
		t.Fatal(err)
	}
	got, err := clientcmd.LoadFromFile(user)
	if err != nil {
		t.Fatal(err)
	}
	if got.CurrentContext != "work" || got.Contexts["work"].Namespace != "team" || got.AuthInfos["me"].Token != "t" {
		t.Errorf("the user's own context was touched: %+v", got.Contexts["work"])
	}
	if c := got.Clusters[ContextName]; c == nil || c.Server != "https://127.0.0.1:6443" {
		t.Errorf("the cluster is not there: %+v", c)
	}
	if err := UnmergeKubeconfig(user, ContextName, ""); err != nil {
		t.Fatal(err)
	}
	got, _ = clientcmd.LoadFromFile(user)
	if got.Contexts[ContextName] != nil || got.Contexts["work"] == nil {
		t.Errorf("contexts after taking ours out: %v", got.Contexts)
	}
}

func TestMergeRefusesADamagedKubeconfig(t *testing.T) {
	dir := t.TempDir()
	user, admin := filepath.Join(dir, "config"), filepath.Join(dir, "admin.kubeconfig")
	if err := os.WriteFile(user, []byte("{not yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).CA.WriteKubeconfig(admin, "https://127.0.0.1:6443", Admin); err != nil {
		t.Fatal(err)
	}
	if err := MergeKubeconfig(user, admin, ContextName, true); err == nil {
		t.Error("a kubeconfig that cannot be read was replaced")
	}
}
