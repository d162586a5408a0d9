package main

import (
	"os/exec"
	"syscall"
)

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

// inOwnGroup makes a program lead a process group, so that endGroup reaches the
// programs it starts, too.
func inOwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup kills a program started with inOwnGroup and all it started.
func endGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// peak is the most resident memory a finished program had, bytes (getrusage(2)
// counts KiB).
func peak(cmd *exec.Cmd) int64 {
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return int64(usage.Maxrss) << 10 //nolint:unconvert // 32 bits elsewhere
	}
	return 0
}
