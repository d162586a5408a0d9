//go:build unix

// Package statusfile is how a run says where it is to "imaphaul status", which asks it by
// a signal.
package statusfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/pidfile"
)

// File is where a run says where it is, to "imaphaul status": a file named by
// the number of the process, in a directory of its user. That it is there says also
// that the process takes SIGUSR1 for a question.
type File struct{ path string }

// statusDir is the directory of a user, which nobody else can write to.
func statusDir(uid int) string {
	return filepath.Join(os.TempDir(), "imaphaul-status-"+strconv.Itoa(uid))
}

// trusted reports whether what info describes belongs to the user and is written by
// nobody else.
func trusted(info fs.FileInfo, uid int) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == uid && info.Mode().Perm()&0o022 == 0
}

// New makes the file of this process; nil when it cannot be had: that is no
// reason to refuse a run.
func New() *File {
	dir := statusDir(os.Geteuid())
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil
	}
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || !trusted(info, os.Geteuid()) {
		return nil
	}
	f := &File{path: filepath.Join(dir, strconv.Itoa(os.Getpid()))}
	if f.Write(nil) != nil {
		return nil
	}
	return f
}

// Write replaces the file at one stroke; of a nil file it does nothing.
func (f *File) Write(lines []string) error {
	if f == nil {
		return nil
	}
	t, err := os.CreateTemp(filepath.Dir(f.path), "new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }() // once renamed it is not there
	for _, l := range lines {
		if _, err := fmt.Fprintln(t, l); err != nil {
			_ = t.Close()
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return os.Rename(t.Name(), f.path)
}

// Remove removes the file; of a nil file it does nothing.
func (f *File) Remove() {
	if f != nil {
		_ = os.Remove(f.path)
		_ = os.Remove(filepath.Dir(f.path)) // unless other runs are there
	}
}

// mostStatus is more than a run writes.
const mostStatus = 16 << 10

// readStatus reads an answer, which may be another user's: nothing it says is waited
// for, or shown as it is.
func readStatus(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostStatus))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for i, l := range lines {
		lines[i] = display.Text(l)
	}
	return strings.Join(lines, "\n"), nil
}

// Ask asks process pid where it is, and reports whether it answered in time.
func Ask(pid int, wait func() bool) (string, error) {
	proc, err := os.Lstat("/proc/" + strconv.Itoa(pid))
	uid := os.Geteuid()
	if err == nil {
		if st, ok := proc.Sys().(*syscall.Stat_t); ok {
			uid = int(st.Uid)
		}
	}
	path := filepath.Join(statusDir(uid), strconv.Itoa(pid))
	dir, dirErr := os.Lstat(filepath.Dir(path))
	before, err := os.Lstat(path)
	if dirErr != nil || err != nil || !trusted(dir, uid) || !trusted(before, uid) || !before.Mode().IsRegular() || !pidfile.Wrote(path, pid) {
		return "", fmt.Errorf("process %d is no run of imaphaul that can be asked (looked for %s)", pid, path)
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return "", fmt.Errorf("process %d cannot be asked: %w", pid, err)
	}
	for wait() {
		now, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("process %d has ended", pid)
		case err != nil:
			return "", err
		case os.SameFile(before, now):
			continue
		}
		return readStatus(path)
	}
	return "", fmt.Errorf("process %d does not answer; it may be stopped", pid)
}
