package main

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// usage is what a process, or several, use.
type usage struct {
	count     int
	anonymous int64   // bytes of PSS that belong to no file
	file      int64   // bytes of PSS that are pages of files: the program
	cpu       float64 // seconds since each process started
}

func (u usage) add(v usage) usage {
	return usage{u.count + v.count, u.anonymous + v.anonymous, u.file + v.file, u.cpu + v.cpu}
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MB (%.1f anonymous)", float64(u.anonymous+u.file)/1e6, float64(u.anonymous)/1e6)
}

// processes are the cluster's, by what they are.
type processes map[string]usage

func (p processes) total() (u usage) {
	for _, v := range p {
		u = u.add(v)
	}
	return u
}

// all are the processes in the order of their names.
func (p processes) all() iter.Seq2[string, usage] {
	return func(yield func(string, usage) bool) {
		names := make([]string, 0, len(p))
		for name := range p {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, p[name]) {
				return
			}
		}
	}
}

func (p processes) rows() (rows []result) {
	for name, u := range p.all() {
		rows = append(rows, result{fmt.Sprintf("  %d %s", u.count, name), "", u.String()})
	}
	return rows
}

// processes finds the cluster's own processes. What runs in its containers is
// the user's, and so is the pause program (12 KB) for this purpose.
func (c *cluster) processes() (processes, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	found := processes{}
	for _, dir := range dirs {
		args := arguments(dir)
		if len(args) == 0 || !c.isOurs(dir, args) {
			continue
		}
		u, err := memory(dir)
		if err != nil {
			continue // it ended
		}
		u.count, u.cpu = 1, cpuSeconds(dir)
		found[role(args)] = found[role(args)].add(u)
	}
	return found, nil
}

func arguments(dir string) []string {
	data, err := os.ReadFile(dir + "/cmdline")
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

// isOurs says whether a process is part of this cluster: its arguments name
// our data directory, or it is our binary with our environment.
func (c *cluster) isOurs(dir string, args []string) bool {
	for _, a := range args {
		if strings.Contains(a, c.data) {
			return true
		}
	}
	exe, err := os.Readlink(dir + "/exe")
	env, _ := os.ReadFile(dir + "/environ")
	return err == nil && exe == c.skiff && strings.Contains(string(env), "SKIFF_DATA_DIR="+c.data+"\x00")
}

// role is what a process is: server, containerd, containerd-shim-runc-v2.
func role(args []string) string {
	name := filepath.Base(args[0])
	if (name == "skiff" || name == "exe") && len(args) > 1 {
		return args[1]
	}
	return name
}

// memory is the process's proportional share in bytes, without the mapping of
// etcd's database file, which is page cache.
func memory(dir string) (u usage, err error) {
	data, err := os.ReadFile(dir + "/smaps")
	if err != nil {
		return u, err
	}
	skip := false
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		switch {
		case len(f) >= 5 && strings.Contains(f[0], "-"):
			skip = len(f) > 5 && strings.HasSuffix(f[5], "/member/snap/db")
		case len(f) != 3 || skip:
		case f[0] == "Pss:":
			u.file += kilobytes(f[1])
		case f[0] == "Pss_Dirty:": // what was written to, in a mapping of the program too, is its own
			dirty := kilobytes(f[1])
			u.anonymous += dirty
			u.file -= dirty
		}
	}
	return u, nil
}

func kilobytes(text string) int64 {
	kb, _ := strconv.ParseInt(text, 10, 64)
	return kb << 10
}

// cpuSeconds is the process's user and system time, at 100 ticks a second.
func cpuSeconds(dir string) float64 {
	data, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}
