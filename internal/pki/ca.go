package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/util/cert"
)

// How long certificates hold, as kubeadm has it.
const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 365 * 24 * time.Hour
	// backdate is how far clocks of one cluster may lie apart.
	backdate = 5 * time.Minute
)

// CA is a certificate authority.
type CA struct {
	Cert *x509.Certificate
	// PEM is Cert as clients are given it.
	PEM []byte
	key crypto.Signer
}

// Request is what a leaf certificate is to say.
type Request struct {
	Subject  pkix.Name
	DNSNames []string
	IPs      []net.IP
	Usages   []x509.ExtKeyUsage
	// Lifetime is a year when zero.
	Lifetime time.Duration
	// KeyUsage is digitalSignature when zero.
	KeyUsage x509.KeyUsage
}

// loadOrCreateCA reads NAME.crt and NAME.key. The key is written before the
// certificate, so a key alone is a start that was cut off, and is completed.
func loadOrCreateCA(dir, name, commonName string) (*CA, error) {
	certPath, keyPath := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	data, err := os.ReadFile(certPath)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := loadOrCreateKey(keyPath)
		if err != nil {
			return nil, err
		}
		ca, err := NewCA(commonName, key)
		if err != nil {
			return nil, err
		}
		return ca, WriteFile(certPath, ca.PEM, 0o644)
	}
	if err != nil {
		return nil, err
	}
	return parseFiles(certPath, data, keyPath)
}

// LoadCA reads an authority from the files of its certificate and key.
func LoadCA(certPath, keyPath string) (*CA, error) {
	data, err := os.ReadFile(certPath)
	if err != nil {
		return nil, err
	}
	return parseFiles(certPath, data, keyPath)
}

func parseFiles(certPath string, data []byte, keyPath string) (*CA, error) {
	keyData, err := os.ReadFile(keyPath)
	if err != nil {
		return nil, fmt.Errorf("there is %s but not its key: %w", certPath, err)
	}
	key, err := parseKey(keyPath, keyData)
	if err != nil {
		return nil, err
	}
	ca, err := parseCA(data, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certPath, err)
	}
	return ca, nil
}

// NewCA makes an authority that signs itself.
func NewCA(name string, key crypto.Signer) (*CA, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &CA{Cert: c, PEM: encodeCerts(c), key: key}, nil
}

func parseCA(data []byte, key crypto.Signer) (*CA, error) {
	certs, err := cert.ParseCertsPEM(data)
	if err != nil {
		return nil, fmt.Errorf("no certificate in it (%w): restore it from a backup", err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(certs[0].PublicKey) {
		return nil, errors.New("the certificate is not of the key beside it: restore both from the same backup")
	}
	return &CA{Cert: certs[0], PEM: data, key: key}, nil
}

// Pool holds the authority alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert)
	return pool
}

// Hash is the SHA-256 of the authority's public key, in hex: what join tokens
// pin, and what kubeadm prints behind "sha256:".
func (ca *CA) Hash() string { return hashOf(ca.Cert) }

func hashOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// Sign makes a certificate for key that says what r asks. A leaf never
// outlives its authority.
func (ca *CA) Sign(r Request, key crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	if r.Lifetime == 0 {
		r.Lifetime = leafLifetime
	}
	if r.KeyUsage == 0 {
		r.KeyUsage = x509.KeyUsageDigitalSignature
	}
	now := time.Now()
	end := now.Add(r.Lifetime)
	if end.After(ca.Cert.NotAfter) {
		end = ca.Cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber:          serial,
		Subject:               r.Subject,
		DNSNames:              r.DNSNames,
		IPAddresses:           r.IPs,
		NotBefore:             now.Add(-backdate),
		NotAfter:              end,
		KeyUsage:              r.KeyUsage,
		ExtKeyUsage:           r.Usages,
		BasicConstraintsValid: true,
	}, ca.Cert, key, ca.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func serialNumber() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}
