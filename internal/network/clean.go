package network

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Clean removes everything that the network of this node has made: its links
// with their routes, its table, the configuration for the runtime and its
// records, and puts the host's settings back. Pods that still run lose their
// network, so the runtime is cleaned first. It may be called again.
func Clean(cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	s, stateErr := readState(cfg.stateFile())
	err = errors.Join(
		stateErr,
		remove(filepath.Join(cfg.CNIConfDir, confFile)),
		remove(filepath.Join(cfg.socketDir(), socketName)),
		// Before the links: another cluster that starts now reads there what
		// the settings were.
		restoreSysctls(cfg, s.Sysctls),
		deletePodLinks(cfg),
		deleteLinks(cfg, nil),
		rulesOf(cfg, netip.Addr{}).remove(),
	)
	if err != nil {
		return err // the records are still needed
	}
	if err := unix.Rmdir(cfg.socketDir()); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTEMPTY) {
		return err
	}
	return os.RemoveAll(cfg.path("network"))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
