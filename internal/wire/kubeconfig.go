package wire

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"skiff/internal/pki"
)

// DefaultKubeconfig points kubectl at the cluster on this machine when the
// user's environment names none; contexts of ~/.kube/config stay available.
func DefaultKubeconfig() {
	if os.Getenv(clientcmd.RecommendedConfigPathEnvVar) != "" {
		return
	}
	admin := adminKubeconfig(Defaults().DataDir)
	if f, err := os.Open(admin); err == nil {
		f.Close()
		os.Setenv(clientcmd.RecommendedConfigPathEnvVar,
			admin+string(filepath.ListSeparator)+clientcmd.RecommendedHomeFile)
	}
}

func adminKubeconfig(dataDir string) string { return filepath.Join(dataDir, "admin.kubeconfig") }

// Kubeconfig prints the administrator's kubeconfig of a data directory.
func Kubeconfig(dataDir string, out io.Writer) error {
	data, err := os.ReadFile(adminKubeconfig(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no cluster has run in %s yet: start one with `skiff up`, or name its --data-dir", dataDir)
	}
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

// ClientKubeconfig prints a kubeconfig for another client than the
// administrator, signed by the cluster's authority: for a person, a program, or
// a component that runs alone. server "" is the API server of this machine.
func ClientKubeconfig(dataDir, server string, client pki.Client, out io.Writer) error {
	s, err := loadState(dataDir)
	if err != nil {
		return err
	}
	if s == nil || !s.Role.hasAPIServer() {
		return fmt.Errorf("no API server has run in %s, so there is nobody to sign: run this on its machine, or name its --data-dir", dataDir)
	}
	p, err := pki.Open(filepath.Join(dataDir, "pki"))
	if err != nil {
		return err
	}
	if server == "" {
		server = s.config(dataDir).localURL()
	}
	data, err := p.CA.Kubeconfig(server, client)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

// mergeUserKubeconfig makes the cluster a context of the user's kubeconfig,
// and its current one.
func mergeUserKubeconfig(c Config) error {
	return pki.MergeKubeconfig(userKubeconfig(), c.AdminKubeconfig(), c.ClusterName, true)
}

func removeUserKubeconfig(c Config) error {
	return pki.UnmergeKubeconfig(userKubeconfig(), c.ClusterName, c.localURL())
}

// userKubeconfig is the file that kubectl writes to.
func userKubeconfig() string {
	return clientcmd.NewDefaultPathOptions().GetDefaultFilename()
}

// localURL is the API server as this machine reaches it, whatever addresses
// it has today.
func (c Config) localURL() string { return fmt.Sprintf("https://127.0.0.1:%d", c.HTTPSPort) }
