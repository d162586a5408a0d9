//go:build unix

package batchrun

import "golang.org/x/sys/unix"

// openFiles is how many files the process may have open, 0 for any number. The Go runtime
// has raised it as far as it may.
func openFiles() uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return uint64(l.Cur) //nolint:unconvert // signed on some systems
}
