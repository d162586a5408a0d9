//go:build unix

package pidfile

import (
	"bytes"
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// create makes a new file; a symbolic link at path is not followed.
func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|unix.O_NOFOLLOW, 0o644)
}

// open opens an existing file without following a symbolic link, nor waiting
// for the other end of a pipe.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

// tryLock takes the lock of f without waiting. An error means that the file
// system knows no locks.
func tryLock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// running reports whether a process exists; that it belongs to another user is
// an answer too.
func running(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

func quit(pid int) error { return unix.Kill(pid, unix.SIGQUIT) }
func kill(pid int) error { return unix.Kill(pid, unix.SIGKILL) }

// related reports whether a process looks like imapsync or this program. Where
// the system does not tell (no /proc), it is believed.
func related(pid int) bool {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return true
	}
	return bytes.Contains(line, []byte("imapsync")) || bytes.Contains(line, []byte("imaphaul"))
}
