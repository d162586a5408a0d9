package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// machine describes where this runs.
func machine() []string {
	cpu := field("/proc/cpuinfo", "model name")
	memory := field("/proc/meminfo", "MemTotal")
	release := ""
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		release = strings.TrimSpace(string(b))
	}
	system := strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`)
	return []string{
		fmt.Sprintf("%s. %d processors (%s), %s of memory, %s, Linux %s, %s.", time.Now().Format("2 January 2006"), runtime.NumCPU(), cpu, memory, system, release, runtime.Version()),
	}
}

// field reads "name: value" or "name=value" from a file, "" if it is not there.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			return strings.TrimSpace(strings.TrimLeft(rest, " \t:="))
		}
	}
	return ""
}

// roomNeeded is what the mail of all rows takes, with room to spare.
const roomNeeded = 6 << 30

// memoryDir is a file system in memory, "" if there is none with room: disks of
// shared machines are too moody to measure on.
func memoryDir() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil || fs.Type != tmpfs || fs.Bavail*uint64(fs.Bsize) < roomNeeded {
		return ""
	}
	return "/dev/shm"
}

// tmpfs is the type of file systems in memory (statfs(2)).
const tmpfs = 0x01021994

// place says where a directory is, for people.
func place(dir string) string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err == nil && fs.Type == tmpfs {
		return "memory (tmpfs)"
	}
	return "files on disk"
}
