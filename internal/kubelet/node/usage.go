package node

import (
	"strconv"
	"strings"
)

// Usage is what the whole machine uses.
type Usage struct {
	CPU        uint64 // nanoseconds of all processors since boot
	WorkingSet uint64 // bytes of memory that cannot be taken back at once
	Available  uint64 // bytes
}

// userHZ is the unit of /proc/stat in a second: 100 on every Linux.
const userHZ = 100

// ReadUsage reads the machine's counters.
func ReadUsage() Usage { return readUsage("/proc/stat", "/proc/meminfo") }

func readUsage(stat, meminfo string) Usage {
	var u Usage
	// user nice system idle iowait irq softirq steal ...
	for i, word := range strings.Fields(keyValues(stat, " ")["cpu"]) {
		ticks, _ := strconv.ParseUint(word, 10, 64)
		if i < 3 || i > 4 && i < 8 {
			u.CPU += ticks * (1e9 / userHZ)
		}
	}
	memory := keyValues(meminfo, ":")
	kb := func(key string) uint64 {
		n, _ := strconv.ParseUint(strings.TrimSuffix(memory[key], " kB"), 10, 64)
		return n << 10
	}
	total, free := kb("MemTotal"), kb("MemFree")+kb("Inactive(file)")
	if total > free {
		u.WorkingSet = total - free
		u.Available = free
	}
	return u
}
