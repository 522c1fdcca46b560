package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Down stops what runs on dataDir and removes all that it made on the host:
// processes, mounts, links, cgroups, nftables tables, kubeconfig context. With
// purge the data goes, too.
func Down(ctx context.Context, dataDir string, purge bool, out io.Writer) error {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return err
	}
	s, err := loadState(dataDir)
	if err != nil {
		return err
	}
	if s == nil {
		fmt.Fprintf(out, "No cluster has run in %s.\n", dataDir)
		return nil
	}
	if os.Geteuid() != 0 && s.Role != "" {
		return errors.New("`skiff down` removes links, mounts and cgroups: run it as root")
	}
	c := s.config(dataDir)
	errs := []error{stopNodes(c), stopServer(c), cleanNode(c), cleanNodes(c)}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := removeUserKubeconfig(c); err != nil {
		fmt.Fprintf(out, "warning: %v\n", err)
	}
	if !purge {
		fmt.Fprintf(out, "Stopped. Its data is still in %s; `skiff up` goes on with it, `skiff down --purge` removes it.\n", dataDir)
		return nil
	}
	if err := removeData(dataDir); err != nil {
		return fmt.Errorf("cannot remove the data: %w", err)
	}
	fmt.Fprintf(out, "Stopped, and %s removed.\n", dataDir)
	return nil
}

func stopServer(c Config) error {
	if pid := runningPID(c.DataDir); pid != 0 {
		return stopProcess(pid)
	}
	return nil
}

// removeData removes a data directory, but never through a mount that is
// still there: what lies behind it may not be ours. A disk of its own, mounted
// there, is emptied and stays.
func removeData(dataDir string) error {
	mounts, err := mountsBelow(dataDir)
	if err != nil {
		return err
	}
	disk := false
	for _, m := range mounts {
		if m != dataDir {
			return fmt.Errorf("%s is still mounted", m)
		}
		disk = true
	}
	if disk {
		return empty(dataDir)
	}
	return os.RemoveAll(dataDir)
}

// empty removes what is in a directory.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return errors.Join(errs...)
}
