package memory

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
)

// noexec is ST_NOEXEC of statfs(2): programs in there cannot be started, which
// some tests do.
const noexec = 8

// free returns how many bytes can be written below dir, by the file system and by
// the system's memory; 0 when programs cannot run there.
func free(dir string) uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Flags&noexec != 0 {
		return 0
	}
	return min(uint64(s.Bavail)*uint64(s.Bsize), available()/2) //nolint:unconvert,gosec // the types depend on the processor
}

// available returns MemAvailable of /proc/meminfo in bytes, 0 when it is unknown.
func available() uint64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if n, err := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &kib); n == 1 && err == nil {
			return kib << 10
		}
	}
	return 0
}
