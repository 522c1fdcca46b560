package store

import (
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
)

// Config says where the data is. Without Endpoints etcd runs inside this
// process, with its data in Dir.
type Config struct {
	// Dir is the data directory of the embedded etcd. It is made, readable
	// by its owner alone, when it is not there.
	Dir string

	// Endpoints are the URLs of an external etcd cluster, and the files
	// that prove who we are to it.
	Endpoints                 []string
	CAFile, CertFile, KeyFile string

	// Prefix is where Kubernetes' objects lie; the default is "/registry".
	Prefix string

	// History is how long old revisions can be read; the default is 5 minutes.
	History time.Duration
	// QuotaBytes is how large the embedded etcd's database may grow; the
	// default is 8 GiB.
	QuotaBytes int64
}

const (
	defaultPrefix  = "/registry"
	defaultHistory = 5 * time.Minute
	defaultQuota   = 8 << 30
)

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.History == 0 {
		c.History = defaultHistory
	}
	if c.QuotaBytes == 0 {
		c.QuotaBytes = defaultQuota
	}
	return c
}

func (c Config) tlsInfo() transport.TLSInfo {
	return transport.TLSInfo{TrustedCAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile}
}
