package pki

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
)

const clusterInfoPath = "/api/v1/namespaces/kube-public/configmaps/cluster-info"

// Join turns a join token into a connection that may ask for a node's
// certificates. It asks server for the cluster's authority, which anyone may
// read, and believes the answer only if it is the one that the token pins.
//
// It keeps the authority in dir, and forgets certificates that another one
// signed for this node: it belonged to another cluster then.
func Join(ctx context.Context, server string, t JoinToken, dir string) (*rest.Config, error) {
	ca, err := fetchCA(ctx, strings.TrimSuffix(server, "/"), t)
	if err != nil {
		return nil, err
	}
	if err := keepCA(dir, ca); err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            server,
		BearerToken:     t.Bootstrap(),
		TLSClientConfig: rest.TLSClientConfig{CAData: ca},
	}, nil
}

// Rejoin is the connection of node that has joined before: the authority
// lies in dir, and the node's certificate speaks for it.
func Rejoin(server, node, dir string) (*rest.Config, error) {
	ca, err := os.ReadFile(joinedCA(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("this node has not joined a cluster yet")
	}
	if err != nil {
		return nil, err
	}
	client := requested{path: clientPath(dir)}
	if client.load(); !client.works(time.Now()) || client.current.Load().Leaf.Subject.CommonName != NodeUser(node) {
		return nil, fmt.Errorf("there is no certificate of node %q that still holds", node)
	}
	return &rest.Config{Host: server, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, nil
}

// Pins says whether the token is for the cluster whose authority is ca.
func Pins(t JoinToken, ca []byte) bool {
	certs, err := cert.ParseCertsPEM(ca)
	return err == nil && hashOf(certs[0]) == t.CAHash
}

func joinedCA(dir string) string { return filepath.Join(dir, "ca.crt") }

func keepCA(dir string, ca []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if old, err := os.ReadFile(joinedCA(dir)); err == nil && bytes.Equal(old, ca) {
		return nil
	}
	signed, err := filepath.Glob(filepath.Join(dir, "*"+requestedSuffix))
	if err != nil {
		return err
	}
	for _, path := range signed {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return WriteFile(joinedCA(dir), ca, 0o644)
}

func fetchCA(ctx context.Context, server string, t JoinToken) ([]byte, error) {
	body, err := getUnverified(ctx, server+clusterInfoPath)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the API server at %s (%w): check --server, and that a server runs there", server, err)
	}
	var info corev1.ConfigMap
	if err := json.Unmarshal(body, &info); err != nil {
		return nil, fmt.Errorf("%s is not a Kubernetes API server (%w): check --server", server, err)
	}
	config, err := clientcmd.Load([]byte(info.Data["kubeconfig"]))
	if err != nil {
		return nil, fmt.Errorf("%s has a damaged ConfigMap kube-public/cluster-info: %w", server, err)
	}
	for _, cluster := range config.Clusters {
		certs, err := cert.ParseCertsPEM(cluster.CertificateAuthorityData)
		if err != nil {
			continue
		}
		for _, c := range certs {
			if hashOf(c) == t.CAHash {
				return encodeCerts(c), nil
			}
		}
	}
	return nil, fmt.Errorf("%s is not the server that this join token is for: its certificate authority is another one. Make a token there with `skiff token create`", server)
}

// getUnverified reads a public document; the caller checks what it says.
func getUnverified(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answers %s", resp.Status)
	}
	return body, err
}
