package kubelet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"skiff/internal/kubelet/cgroup"
	"skiff/internal/kubelet/volume"
)

// Clean removes all that the kubelet made on the host: mounts, control groups,
// and the directories of pods and their logs. The containers must be gone; the
// runtime removes those.
func Clean(cfg Config) error {
	cfg, err := cfg.withPaths()
	if err != nil {
		return err
	}
	var errs []error
	if err := (volume.Kernel{}).UnmountBelow(cfg.podsDir()); err != nil {
		return fmt.Errorf("kubelet: %w", err) // never remove files through a mount
	}
	for _, dir := range []string{cfg.podsDir(), cfg.LogDir} {
		errs = append(errs, os.RemoveAll(dir))
	}
	_ = os.Remove(filepath.Dir(cfg.LogDir)) // if it is empty
	errs = append(errs, cgroup.New(cfg.CgroupRoot).Clean())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("kubelet: %w", err)
	}
	return nil
}
