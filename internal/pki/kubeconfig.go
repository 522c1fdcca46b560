package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// ContextName names the context, cluster and user in the kubeconfigs we write.
const ContextName = "skiff"

// Client is who a kubeconfig is for.
type Client struct {
	User   string
	Groups []string
}

// Admin is who the first kubeconfig of a cluster is for.
var Admin = Client{User: AdminUser, Groups: []string{MastersGroup}}

// ClientCertificate makes a certificate and key, PEM encoded, for a client.
func (ca *CA) ClientCertificate(c Client) (certPEM, keyPEM []byte, err error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	signed, err := ca.Sign(Request{
		Subject: pkix.Name{CommonName: c.User, Organization: c.Groups},
		Usages:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, key.Public())
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err = keyutil.MarshalPrivateKeyToPEM(key)
	return encodeCerts(signed), keyPEM, err
}

// RESTConfig is a connection to server as c, over HTTPS.
func (ca *CA) RESTConfig(server string, c Client) (*rest.Config, error) {
	certPEM, keyPEM, err := ca.ClientCertificate(c)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            server,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca.PEM, CertData: certPEM, KeyData: keyPEM},
	}, nil
}

// WriteKubeconfig sees to it that path is a kubeconfig for c at server, with
// everything embedded and readable by its owner only. A file that is right,
// and not near its end, is left alone.
func (ca *CA) WriteKubeconfig(path, server string, c Client) error {
	if have, err := clientcmd.LoadFromFile(path); err == nil && ca.serves(have, server, c) {
		return nil
	}
	config, err := ca.kubeconfig(server, c)
	if err != nil {
		return err
	}
	return writeConfig(path, config)
}

// Kubeconfig is the text of a new kubeconfig for c at server.
func (ca *CA) Kubeconfig(server string, c Client) ([]byte, error) {
	config, err := ca.kubeconfig(server, c)
	if err != nil {
		return nil, err
	}
	return clientcmd.Write(*config)
}

func (ca *CA) kubeconfig(server string, c Client) (*clientcmdapi.Config, error) {
	certPEM, keyPEM, err := ca.ClientCertificate(c)
	if err != nil {
		return nil, err
	}
	config := clientcmdapi.NewConfig()
	setContext(config, ContextName,
		&clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca.PEM},
		&clientcmdapi.AuthInfo{ClientCertificateData: certPEM, ClientKeyData: keyPEM})
	config.CurrentContext = ContextName
	return config, nil
}

// serves says whether a kubeconfig leads to server as c, for a while yet.
func (ca *CA) serves(config *clientcmdapi.Config, server string, c Client) bool {
	cluster, user := config.Clusters[ContextName], config.AuthInfos[ContextName]
	if cluster == nil || user == nil || config.CurrentContext != ContextName {
		return false
	}
	certs, err := cert.ParseCertsPEM(user.ClientCertificateData)
	if err != nil {
		return false
	}
	want := pkix.Name{CommonName: c.User, Organization: c.Groups}
	return cluster.Server == server && string(cluster.CertificateAuthorityData) == string(ca.PEM) &&
		certs[0].Subject.String() == want.String() &&
		certs[0].CheckSignatureFrom(ca.Cert) == nil && !NearEnd(certs[0], time.Now())
}

// MergeKubeconfig copies the context of the kubeconfig at from into the user's
// at into, under name, and leaves all else in it as it is. It becomes the
// current context when there is none, or when use is set. Nothing is written
// when nothing changes.
func MergeKubeconfig(into, from, name string, use bool) error {
	src, err := clientcmd.LoadFromFile(from)
	if err != nil {
		return fmt.Errorf("cannot read the kubeconfig %s: %w", from, err)
	}
	context := src.Contexts[src.CurrentContext]
	if context == nil {
		return fmt.Errorf("the kubeconfig %s has no current context", from)
	}
	dst, err := clientcmd.LoadFromFile(into)
	if os.IsNotExist(err) {
		dst, err = clientcmdapi.NewConfig(), nil
	}
	if err != nil {
		return fmt.Errorf("cannot read your kubeconfig %s, so it stays as it is: %w", into, err)
	}
	old, _ := clientcmd.Write(*dst)
	setContext(dst, name, src.Clusters[context.Cluster].DeepCopy(), src.AuthInfos[context.AuthInfo].DeepCopy())
	if dst.CurrentContext == "" || use {
		dst.CurrentContext = name
	}
	if now, _ := clientcmd.Write(*dst); string(now) == string(old) {
		return nil
	}
	return writeConfig(into, dst)
}

// UnmergeKubeconfig removes the context that MergeKubeconfig put there, if it
// is there and leads to server; server "" means wherever it leads.
func UnmergeKubeconfig(path, name, server string) error {
	config, err := clientcmd.LoadFromFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	cluster := config.Clusters[name]
	if cluster == nil || server != "" && cluster.Server != server {
		return nil
	}
	delete(config.Clusters, name)
	delete(config.AuthInfos, name)
	delete(config.Contexts, name)
	if config.CurrentContext == name {
		config.CurrentContext = ""
	}
	return writeConfig(path, config)
}

func setContext(config *clientcmdapi.Config, name string, cluster *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
	// Where an entry was read from is no part of the file.
	cluster.LocationOfOrigin, user.LocationOfOrigin = "", ""
	config.Clusters[name] = cluster
	config.AuthInfos[name] = user
	context := config.Contexts[name]
	if context == nil {
		context = clientcmdapi.NewContext()
		config.Contexts[name] = context
	}
	context.Cluster, context.AuthInfo = name, name
}

func writeConfig(path string, config *clientcmdapi.Config) error {
	data, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return WriteFile(path, data, 0o600)
}
