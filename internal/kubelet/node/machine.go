// Package node keeps the Node object and its lease: what this machine is, has
// and can do, and that it is alive.
//
// It owns the object's status, its labels of the kubernetes.io kind and the
// lease; it looks at the machine and the container runtime, and touches
// neither.
package node

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Machine is what the host is and has.
type Machine struct {
	Info      corev1.NodeSystemInfo // without the runtime's and the kubelet's versions
	CPUs      int
	Memory    int64            // bytes
	Disk      int64            // bytes of the file system that holds the data
	HugePages map[string]int64 // bytes by page size, "2Mi"
	Hostname  string
}

// Inspect reads the machine. dataDir is on the file system whose size counts.
func Inspect(dataDir string) Machine {
	return inspect("/", dataDir)
}

func inspect(root, dataDir string) Machine {
	m := Machine{CPUs: runtime.NumCPU(), HugePages: map[string]int64{}}
	m.Memory = memTotal(filepath.Join(root, "proc/meminfo"))
	m.Disk = diskSize(dataDir)
	m.HugePages = hugePages(filepath.Join(root, "sys/kernel/mm/hugepages"))
	m.Hostname, _ = os.Hostname()
	m.Info = corev1.NodeSystemInfo{
		MachineID:       firstOf(root, "etc/machine-id", "var/lib/dbus/machine-id"),
		SystemUUID:      firstOf(root, "sys/class/dmi/id/product_uuid", "etc/machine-id"),
		BootID:          firstOf(root, "proc/sys/kernel/random/boot_id"),
		KernelVersion:   kernelVersion(),
		OSImage:         osImage(filepath.Join(root, "etc/os-release")),
		OperatingSystem: runtime.GOOS,
		Architecture:    runtime.GOARCH,
	}
	return m
}

func firstOf(root string, files ...string) string {
	for _, f := range files {
		if b, err := os.ReadFile(filepath.Join(root, f)); err == nil {
			if s := strings.TrimSpace(string(b)); s != "" {
				return s
			}
		}
	}
	return ""
}

func kernelVersion() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

func osImage(file string) string {
	for key, value := range keyValues(file, "=") {
		if key == "PRETTY_NAME" {
			return strings.Trim(value, `"'`)
		}
	}
	return "Linux"
}

// keyValues reads lines of "key SEP value".
func keyValues(file, sep string) map[string]string {
	out := map[string]string{}
	f, err := os.Open(file)
	if err != nil {
		return out
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), sep); ok {
			out[key] = strings.TrimSpace(value)
		}
	}
	return out
}

func memTotal(file string) int64 {
	kb, _ := strconv.ParseInt(strings.TrimSuffix(keyValues(file, ":")["MemTotal"], " kB"), 10, 64)
	return kb << 10
}

func diskSize(dir string) int64 {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0
	}
	return int64(st.Blocks) * st.Bsize
}

func hugePages(dir string) map[string]int64 {
	out := map[string]int64{}
	sizes, _ := filepath.Glob(filepath.Join(dir, "hugepages-*kB"))
	for _, s := range sizes {
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(s), "hugepages-"), "kB"), 10, 64)
		if err != nil {
			continue
		}
		n, _ := strconv.ParseInt(firstOf(s, "nr_hugepages"), 10, 64)
		out[resource.NewQuantity(kb<<10, resource.BinarySI).String()] = n * kb << 10
	}
	return out
}

// Capacity is the machine as resources.
func (m Machine) Capacity(maxPods int) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(int64(m.CPUs), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(m.Memory, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(m.Disk, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(int64(maxPods), resource.DecimalSI),
	}
	for size, bytes := range m.HugePages {
		list[corev1.ResourceName(corev1.ResourceHugePagesPrefix+size)] = *resource.NewQuantity(bytes, resource.BinarySI)
	}
	return list
}

// Allocatable is what of it pods may have: memory that is set aside as huge
// pages, and a tenth of the disk that is kept free, are not.
func (m Machine) Allocatable(maxPods int) corev1.ResourceList {
	list := m.Capacity(maxPods)
	memory := m.Memory
	for _, bytes := range m.HugePages {
		memory -= bytes
	}
	list[corev1.ResourceMemory] = *resource.NewQuantity(memory, resource.BinarySI)
	list[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(m.Disk/10*9, resource.BinarySI)
	return list
}
