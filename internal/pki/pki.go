// Package pki makes and keeps the cluster's certificates, kubeconfigs and join
// tokens.
//
// A PKI is a directory laid out as kubeadm lays out /etc/kubernetes/pki: one
// authority that signs both servers and clients, the API server's own
// certificates, and the key that signs service account tokens. Leaves are made
// where they are used and re-signed when they come near their end, so no
// restart is ever needed. A joining node has no PKI; it has a join token, which
// pins the authority, and asks for its certificates through the API.
//
// The package owns the files in its directory and no others, and never touches
// the store. What it writes, it writes whole: a reader sees the old file or the
// new one.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/keyutil"
)

// The identities of the system's own clients.
const (
	// MastersGroup may do everything, whatever RBAC says.
	MastersGroup = "system:masters"
	// NodesGroup is the group of kubelets; a node's user is NodeUser(name).
	NodesGroup = "system:nodes"
	// AdminUser is the user of the kubeconfig that a cluster is born with.
	AdminUser = "kubernetes-admin"
	// KubeletClientUser is who the API server is to the kubelets.
	KubeletClientUser = "kube-apiserver-kubelet-client"

	nodeUserPrefix = "system:node:"
)

// NodeUser is the user name of the kubelet on a node.
func NodeUser(node string) string { return nodeUserPrefix + node }

// PKI is what a control plane holds.
type PKI struct {
	Dir string
	CA  *CA
	// ServiceAccountKey signs service account tokens (sa.key).
	ServiceAccountKey crypto.Signer
}

// Open reads the PKI in dir, and makes what is not there yet.
func Open(dir string) (*PKI, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the directory of the certificates: %w", err)
	}
	ca, err := loadOrCreateCA(dir, "ca", "kubernetes")
	if err != nil {
		return nil, err
	}
	sa, err := loadOrCreateKey(filepath.Join(dir, "sa.key"))
	if err != nil {
		return nil, err
	}
	if err := writePublicKey(filepath.Join(dir, "sa.pub"), sa.Public()); err != nil {
		return nil, err
	}
	return &PKI{Dir: dir, CA: ca, ServiceAccountKey: sa}, nil
}

// KubeletClient is the certificate with which the API server calls kubelets.
func (p *PKI) KubeletClient() (*Leaf, error) {
	return p.CA.Leaf(filepath.Join(p.Dir, "apiserver-kubelet-client"), Request{
		Subject: pkix.Name{CommonName: KubeletClientUser, Organization: []string{MastersGroup}},
		Usages:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// loadOrCreateKey reads a private key (EC or RSA, PKCS#1, SEC 1 or PKCS#8),
// or makes one if the file does not exist.
func loadOrCreateKey(path string) (crypto.Signer, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := newKey()
		if err != nil {
			return nil, err
		}
		return key, writeKey(path, key)
	}
	if err != nil {
		return nil, err
	}
	return parseKey(path, data)
}

func parseKey(path string, data []byte) (crypto.Signer, error) {
	parsed, err := keyutil.ParsePrivateKeyPEM(data)
	if err != nil {
		return nil, fmt.Errorf("%s holds no private key (%v): restore it from a backup, or move it away to have a new one made", path, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, which cannot sign", path, parsed)
	}
	return key, nil
}

func writeKey(path string, key crypto.Signer) error {
	data, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return WriteFile(path, data, 0o600)
}

func writePublicKey(path string, key crypto.PublicKey) error {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: keyutil.PublicKeyBlockType, Bytes: der})
	if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
		return nil
	}
	return WriteFile(path, data, 0o644)
}

// WriteFile replaces path by data, durably and whole.
func WriteFile(path string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
