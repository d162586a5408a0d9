// Package pidfile keeps the file that says which process is running, and ends
// that process on request (imapsync: --pidfile, --pidfilelocking, --abort,
// --abortbyfile).
//
// The file holds the process number on its first line and the log file on its
// second, as imapsync's does, and a third line that tells it was written here.
// It is created exclusively and stays locked (flock) while its process lives.
// The lock, not the number, tells whether the owner is alive: numbers are given
// to other processes sooner or later. A file without the third line is
// imapsync's, and is judged by its number. Only the owner removes the file.
package pidfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrHeld is the answer when locking was asked for and the owner is alive.
var ErrHeld = errors.New("already exists, another run may be currently under way")

// mark is the third line of a file written by this program.
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
// The file of a process that is gone is replaced in both cases.
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
	content := fmt.Sprintf("%d\n%s\n%s\n", os.Getpid(), strings.ReplaceAll(logFile, "\n", " "), mark)
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
	here  bool   // written by this program
	alive bool
}

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
	o.here = len(lines) > 2 && lines[2] == mark
	if len(lines) > 2 { // a line that is whole
		o.log = lines[1]
	}
	locked, err := tryLock(f)
	switch {
	case err == nil && !locked:
		o.alive = true
	case err == nil && o.here:
		// The lock was free: the owner is gone, whoever has its number now.
	default:
		o.alive = o.pid > 0 && running(o.pid)
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
