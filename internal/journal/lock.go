package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// The lock is on a file of its own beside the journal, because a journal has to be
// checked, and perhaps moved away, before bbolt opens and locks it. The file stays
// when the lock is gone: removing it could pull it from under a waiting process.

// lockPoll is how often a waiting process tries again.
const lockPoll = 50 * time.Millisecond

type fileLock struct {
	f      *os.File
	shared bool
}

// acquireLock locks path: exclusively, creating the file and leaving the process
// number in it, or shared, creating and writing nothing. It waits up to wait
// (for ever if negative) and then returns a *LockedError. A shared lock on a
// missing file is no lock: (nil, nil).
func acquireLock(ctx context.Context, path string, shared bool, wait time.Duration) (*fileLock, error) {
	flag := os.O_RDWR | os.O_CREATE
	if shared {
		flag = os.O_RDONLY
	}
	// Not through a link: whoever could put one there would have the number written
	// into a file of his choice.
	f, err := os.OpenFile(path, flag|noFollow, 0o600)
	if shared && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		if isLink(path) {
			err = fmt.Errorf("%s is a symbolic link: remove it, if it is not meant to be there", path)
		}
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	start := time.Now()
	for {
		ok, err := tryLock(f, shared)
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock journal %s: %w", path, err)
		}
		if ok {
			break
		}
		waited := time.Since(start)
		if wait >= 0 && waited >= wait {
			pid := readPID(f)
			_ = f.Close()
			return nil, &LockedError{Path: path, PID: pid, Waited: waited}
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("waiting for journal %s: %w", path, context.Cause(ctx))
		case <-time.After(lockPoll):
		}
	}
	l := &fileLock{f: f, shared: shared}
	if !shared {
		if err := l.writePID(os.Getpid()); err != nil {
			_ = l.release()
			return nil, fmt.Errorf("lock journal %s: %w", path, err)
		}
	}
	return l, nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func (l *fileLock) writePID(pid int) error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(strconv.Itoa(pid)+"\n"), 0)
	return err
}

// readPID returns the number in a lock file, 0 if there is none.
func readPID(f *os.File) int {
	b := make([]byte, 20)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(b[:n])))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

// release gives the lock back. A nil lock is released already.
func (l *fileLock) release() error {
	if l == nil {
		return nil
	}
	var err error
	if !l.shared {
		err = l.f.Truncate(0) // the number is no longer true
	}
	return errors.Join(err, unlock(l.f), l.f.Close())
}
