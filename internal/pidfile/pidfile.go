// Package pidfile keeps the file that says which process is running, and ends
// that process on request (imapsync: --pidfile, --pidfilelocking, --abort,
// --abortbyfile).
//
// The file holds what imapsync's holds, since panels read it: the process number
// on its first line and, where there is a log, its file on the second. It is
// created exclusively and stays locked (flock) while its process lives: a lock
// that is held tells that the owner is alive. Where nobody holds it the file may
// be imapsync's, which locks nothing: then the number decides, unless its process
// began after the file was written, for numbers are given to other processes
// sooner or later. Only the owner removes the file.
package pidfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrHeld is the answer when locking was asked for and the owner is alive.
var ErrHeld = errors.New("already exists, another run may be currently under way")

// mark was a third line of files that earlier versions wrote: they held the lock,
// so a file of theirs that nobody has locked is left over.
const mark = "imaphaul"

// maxPID is the largest process number that is believed, 2^22 as on Linux.
const maxPID = 1 << 22

// File is a pid file that this process owns.
type File struct {
	path string
	f    *os.File
	// note is what became of an earlier file, "" when there was none.
	note string
}

// Acquire writes the pid file at path. When another process owns it and lives,
// locking decides: with it the answer is an error that wraps ErrHeld, without
// it the file is replaced, and the other process notices that at its end.
// The file of a process that is gone is replaced in both cases. One without a
// process number tells nothing of its owner: locking refuses it, as imapsync does.
func Acquire(path, logFile string, locking bool) (*File, error) {
	var note string
	// Each turn ends with the file ours, or another process having moved in
	// between our two steps; nobody does that eight times in a row.
	for range 8 {
		f, err := create(path)
		switch {
		case err == nil:
			own := &File{path: path, f: f, note: note}
			ok, err := own.settle(logFile)
			if err != nil {
				return nil, fmt.Errorf("pid file %s cannot be written: %w", path, err)
			}
			if ok {
				return own, nil
			}
			continue
		case !errors.Is(err, os.ErrExist):
			return nil, fmt.Errorf("pid file %s cannot be written: %w", path, cause(err))
		}
		said, err := clear(path, locking)
		if err != nil {
			return nil, fmt.Errorf("pid file %s: %w", path, err)
		}
		if said != "" {
			note = said
		}
	}
	return nil, fmt.Errorf("pid file %s: other processes keep replacing it", path)
}

// Note says what became of an earlier file at this path, "" for nothing.
func (p *File) Note() string { return p.note }

// Path is where the file is.
func (p *File) Path() string { return p.path }

// settle locks a file just created and fills it. false: somebody else took the
// path meanwhile.
func (p *File) settle(logFile string) (bool, error) {
	// Without locks (an error) the number alone tells who owns the file.
	if locked, err := tryLock(p.f); err == nil && !locked {
		_ = p.f.Close()
		return false, nil
	}
	content := fmt.Sprintf("%d\n", os.Getpid())
	if logFile != "" {
		content += strings.ReplaceAll(logFile, "\n", " ") + "\n"
	}
	if _, err := io.WriteString(p.f, content); err != nil {
		_ = p.f.Close()
		return false, errors.Join(err, os.Remove(p.path))
	}
	if !p.ours() {
		_ = p.f.Close()
		return false, nil
	}
	return true, nil
}

// ours reports whether the path still leads to the file that we hold.
func (p *File) ours() bool {
	mine, err := p.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(p.path)
	return err == nil && os.SameFile(mine, there)
}

// Remove removes the file, unless another process has replaced it since.
// It reports whether it was removed.
func (p *File) Remove() (bool, error) {
	defer p.f.Close() // frees the lock; nothing is written any more
	if !p.ours() {
		return false, nil
	}
	if err := os.Remove(p.path); err != nil {
		return false, fmt.Errorf("pid file: %w", err)
	}
	return true, nil
}

// clear makes room at path, or says why not.
func clear(path string, locking bool) (note string, err error) {
	f, err := open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", cause(err)
	}
	defer f.Close() // only read
	o := ownerOf(f)
	switch {
	case o.alive && locking:
		return "", fmt.Errorf("%w (process %d)", ErrHeld, o.pid)
	case o.pid == 0 && locking:
		return "", fmt.Errorf("%w: no process number is in it. Delete the file when no other run uses it", ErrHeld)
	case o.alive:
		note = fmt.Sprintf("pid file %s belongs to process %d, which runs: it is replaced", path, o.pid)
	case o.pid > 0:
		note = fmt.Sprintf("pid file %s is removed: its process %d is not running any more", path, o.pid)
	default:
		note = fmt.Sprintf("pid file %s is replaced: no process number is in it", path)
	}
	held, err := f.Stat()
	if err != nil {
		return "", err
	}
	if there, err := os.Lstat(path); err != nil || !os.SameFile(held, there) {
		return "", nil // replaced meanwhile: look again
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", cause(err)
	}
	return note, nil
}

// owner is what a pid file tells about its process.
type owner struct {
	pid   int // 0: none, or not a number
	text  string
	log   string // its log file, "" for none
	alive bool
	// locked: the owner holds the lock, so it is this program.
	locked bool
}

// recycled reports whether process pid began after the file was written, so that
// it cannot be the one that wrote it.
func recycled(f *os.File, pid int) bool {
	written, err := f.Stat()
	if err != nil {
		return false
	}
	began, ok := startOf(pid)
	return ok && began.After(written.ModTime().Add(clockSlack))
}

// clockSlack is how far the two clocks that recycled compares may be apart: one
// counts from the start of the system in hundredths, the other is the wall's.
const clockSlack = 5 * time.Second

// ownerOf reads an open pid file. It leaves the file locked when the owner is
// gone, so that nobody else clears it at the same time.
func ownerOf(f *os.File) owner {
	buf := make([]byte, 4096)
	n, err := io.ReadFull(f, buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		n = 0
	}
	lines := strings.Split(string(buf[:n]), "\n")
	o := owner{text: strings.TrimSpace(lines[0])}
	if pid, err := strconv.Atoi(o.text); err == nil && pid > 0 && pid <= maxPID {
		o.pid = pid
	}
	if len(lines) > 2 { // a line that is whole
		o.log = lines[1]
	}
	locked, err := tryLock(f)
	switch {
	case err == nil && !locked:
		o.alive, o.locked = true, true
	case err == nil && len(lines) > 2 && lines[2] == mark:
	default:
		o.alive = o.pid > 0 && running(o.pid) && !recycled(f, o.pid)
	}
	return o
}

// cause drops the path from an error whose text names it already.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}
