package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// A locked range cannot be read by others on Windows, so the lock is on a byte far
// behind the process number.
var lockRange = windows.Overlapped{OffsetHigh: 1}

// tryLock takes a lock that belongs to the open file. It does not wait.
func tryLock(f *os.File, shared bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := lockRange
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("LockFileEx", err)
}

func unlock(f *os.File) error {
	at := lockRange
	return os.NewSyscallError("UnlockFileEx", windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at))
}
