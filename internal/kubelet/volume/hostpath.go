package volume

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	corev1 "k8s.io/api/core/v1"
)

// hostPath is a path of the node, checked or made as its type says.
func hostPath(v *corev1.HostPathVolumeSource) (string, error) {
	kind := corev1.HostPathUnset
	if v.Type != nil {
		kind = *v.Type
	}
	info, err := os.Stat(v.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return v.Path, makeHostPath(v.Path, kind)
	}
	if err != nil {
		return "", err
	}
	if want, ok := hostPathTypes[kind]; ok && !want.is(info.Mode()) {
		return "", fmt.Errorf("hostPath type check failed: %s is not a %s", v.Path, want.name)
	}
	return v.Path, nil
}

var hostPathTypes = map[corev1.HostPathType]struct {
	name string
	is   func(fs.FileMode) bool
}{
	corev1.HostPathDirectory:         {"directory", fs.FileMode.IsDir},
	corev1.HostPathDirectoryOrCreate: {"directory", fs.FileMode.IsDir},
	corev1.HostPathFile:              {"file", fs.FileMode.IsRegular},
	corev1.HostPathFileOrCreate:      {"file", fs.FileMode.IsRegular},
	corev1.HostPathSocket:            {"socket file", func(m fs.FileMode) bool { return m&fs.ModeSocket != 0 }},
	corev1.HostPathCharDev:           {"character device", func(m fs.FileMode) bool { return m&fs.ModeCharDevice != 0 }},
	corev1.HostPathBlockDev: {"block device", func(m fs.FileMode) bool {
		return m&fs.ModeDevice != 0 && m&fs.ModeCharDevice == 0
	}},
}

// makeHostPath makes a path that does not exist, if its type allows. Without a
// type the runtime makes a directory.
func makeHostPath(path string, kind corev1.HostPathType) error {
	switch kind {
	case corev1.HostPathUnset:
		return nil
	case corev1.HostPathDirectoryOrCreate:
		return os.MkdirAll(path, 0o755)
	case corev1.HostPathFileOrCreate:
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	}
	return fmt.Errorf("hostPath type check failed: %s does not exist", path)
}
